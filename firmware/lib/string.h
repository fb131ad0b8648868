/* The part of the C library's <string.h> that memory.c provides; meanings as in C11, 7.24. */
#ifndef STRING_H
#define STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);
int memcmp(const void *left, const void *right, size_t count);
size_t strlen(const char *text);
int strncmp(const char *left, const char *right, size_t count);

#endif
