/*
 * The trace buffer: a log that the host reads straight from memory, through the RSC_TRACE entry of
 * the resource table.
 *
 * The buffer is a ring of characters. The byte after the newest character is always NUL, so a
 * reader that has seen the buffer from its start knows where the log stops, also after it has
 * wrapped around.
 */
#ifndef TRACE_H
#define TRACE_H

/* Size of the buffer in bytes; one of them is always the NUL. */
#define TRACE_SIZE 4096u

/* The buffer itself, for the resource table. */
extern char trace_buffer[TRACE_SIZE];

/*
 * Writes one line; the newline is added. In `format` stand
 *   %s  a string            (const char *)
 *   %u  a decimal number    (uint32_t)
 *   %x  a hexadecimal number of 8 digits, with 0x before it (uint32_t)
 */
void trace_line(const char *format, ...);

#endif
