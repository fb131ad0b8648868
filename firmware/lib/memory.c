/*
 * The memory functions that the compiler itself may call, even in a freestanding program
 * (GCC manual, "Language Standards Supported by GCC").
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A word of memory, whatever type it was written as. */
typedef uint32_t __attribute__((may_alias)) word;

static int is_word_aligned(const void *a, const void *b)
{
  return (((uintptr_t)a | (uintptr_t)b) & 3u) == 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
  uint8_t *d = to;
  const uint8_t *s = from;
  if (is_word_aligned(d, s)) {
    word *to_word = (word *)(void *)d;
    const word *from_word = (const word *)(const void *)s;
    for (; count >= 16; count -= 16, to_word += 4, from_word += 4) {
      to_word[0] = from_word[0];
      to_word[1] = from_word[1];
      to_word[2] = from_word[2];
      to_word[3] = from_word[3];
    }
    for (; count >= 4; count -= 4) {
      *to_word++ = *from_word++;
    }
    d = (uint8_t *)to_word;
    s = (const uint8_t *)from_word;
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
