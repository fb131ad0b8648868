#include "text.h"

#include "string.h"

static size_t without_newline(const char *data, size_t length)
{
  return length > 0 && data[length - 1] == '\n' ? length - 1 : length;
}

bool text_is(const void *data, size_t length, const char *text)
{
  length = without_newline(data, length);
  return length == strlen(text) && memcmp(data, text, length) == 0;
}

bool text_is_with_number(const void *data, size_t length, const char *text, uint32_t *number)
{
  const char *characters = data;
  size_t start = strlen(text);
  length = without_newline(data, length);
  if (length < start + 2 || memcmp(data, text, start) != 0 || characters[start] != ' ') {
    return false;
  }
  uint32_t value = 0;
  for (size_t i = start + 1; i < length; i++) {
    uint32_t digit = (uint8_t)characters[i] - (uint32_t)'0';
    if (digit > 9 || value > (UINT32_MAX - digit) / 10) {
      return false;
    }
    value = value * 10 + digit;
  }
  *number = value;
  return true;
}

void text_append(char *buffer, size_t *length, const char *text)
{
  size_t count = strlen(text);
  memcpy(buffer + *length, text, count);
  *length += count;
}

void text_append_number(char *buffer, size_t *length, uint32_t number)
{
  char digits[10];
  size_t count = 0;
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number != 0);
  while (count > 0) {
    buffer[(*length)++] = digits[--count];
  }
}
