/* The virtio devices of this image, one of each kind at most. */
#ifndef DEVICES_H
#define DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sleeps until a device has something to say; interrupts of all devices are taken after it. */
void devices_wait(void);

/* The console: everything is said there. */
bool console_open(void);
uint32_t console_version(void);
void console_print(const char *text);
void console_print_bytes(const void *data, size_t length);
void console_print_number(uint32_t number);
/* The next line that came in, with its newline, cut to `size` bytes; 0 if there is none yet. */
size_t console_read_line(char *line, size_t size);
void console_print_size(void);
/* Gives the device a buffer that lies nowhere. */
void console_lie(void);
void console_take_interrupt(void);
/* Says what the device has told of itself. */
void console_tell_news(void);

/* The source of entropy. */
bool entropy_open(void);
void entropy_print(uint32_t count);
void entropy_take_interrupt(void);

/* The RPMsg device, whose host this image is: it owns the buffers. */
bool rpmsg_host_open(void);
/* Prints what has come. */
void rpmsg_host_serve(void);
/* Sends to the service that was announced last. */
void rpmsg_host_send(const void *data, size_t length);
void rpmsg_host_take_interrupt(void);

#endif
