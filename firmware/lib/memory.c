/*
 * The memory functions that the compiler itself may call, even in a freestanding program
 * (GCC manual, "Language Standards Supported by GCC").
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static int is_word_aligned(const void *a, const void *b)
{
  return (((uintptr_t)a | (uintptr_t)b) & 3u) == 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
  uint8_t *d = to;
  const uint8_t *s = from;
  if (is_word_aligned(d, s)) {
    for (; count >= 4; count -= 4, d += 4, s += 4) {
      *(uint32_t *)(void *)d = *(const uint32_t *)(const void *)s;
    }
  }
  while (count-- > 0) {
    *d++ = *s++;
  }
  return to;
}

void *memmove(void *to, const void *from, size_t count)
{
  uint8_t *d = to;
  const uint8_t *s = from;
  if (d <= s || d >= s + count) {
    return memcpy(to, from, count);
  }
  while (count-- > 0) {
    d[count] = s[count];
  }
  return to;
}

void *memset(void *to, int value, size_t count)
{
  uint8_t *d = to;
  while (count-- > 0) {
    *d++ = (uint8_t)value;
  }
  return to;
}

int memcmp(const void *left, const void *right, size_t count)
{
  const uint8_t *a = left;
  const uint8_t *b = right;
  for (; count > 0; count--, a++, b++) {
    if (*a != *b) {
      return *a - *b;
    }
  }
  return 0;
}

size_t strlen(const char *text)
{
  size_t length = 0;
  while (text[length] != '\0') {
    length++;
  }
  return length;
}

int strncmp(const char *left, const char *right, size_t count)
{
  for (; count > 0; count--, left++, right++) {
    if (*left != *right || *left == '\0') {
      return (uint8_t)*left - (uint8_t)*right;
    }
  }
  return 0;
}
