/* Text in messages: not terminated by a NUL, as long as the message. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True if the message is exactly this text; one newline at its end is let pass. */
bool text_is(const void *data, size_t length, const char *text);

/* True if the message is this text, a space and a decimal number, which goes into `number`. */
bool text_is_with_number(const void *data, size_t length, const char *text, uint32_t *number);

/* Appends a decimal number to `buffer` at `*length`; at most 10 digits. */
void text_append_number(char *buffer, size_t *length, uint32_t number);

/* Appends text to `buffer` at `*length`. */
void text_append(char *buffer, size_t *length, const char *text);

#endif
