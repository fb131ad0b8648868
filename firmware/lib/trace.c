#include "trace.h"

#include <stdarg.h>
#include <stdint.h>

char trace_buffer[TRACE_SIZE];

/* Where the next character goes; the NUL is there now. */
static uint32_t position;

static void put(char character)
{
  volatile char *buffer = trace_buffer;
  uint32_t next = (position + 1) % TRACE_SIZE;
  buffer[next] = '\0'; /* first, so that a reader never misses the end */
  buffer[position] = character;
  position = next;
}

static void put_text(const char *text)
{
  while (*text != '\0') {
    put(*text++);
  }
}

static void put_decimal(uint32_t number)
{
  char digits[11]; /* 4294967295 and the NUL */
  char *digit = &digits[10];
  *digit = '\0';
  do {
    *--digit = (char)('0' + number % 10);
    number /= 10;
  } while (number != 0);
  put_text(digit);
}

static void put_hexadecimal(uint32_t number)
{
  put_text("0x");
  for (int shift = 28; shift >= 0; shift -= 4) {
    put("0123456789abcdef"[number >> shift & 15]);
  }
}

void trace_line(const char *format, ...)
{
  va_list values;
  va_start(values, format);
  for (; *format != '\0'; format++) {
    if (*format != '%') {
      put(*format);
      continue;
    }
    switch (*++format) {
    case 's':
      put_text(va_arg(values, const char *));
      break;
    case 'u':
      put_decimal(va_arg(values, uint32_t));
      break;
    case 'x':
      put_hexadecimal(va_arg(values, uint32_t));
      break;
    default:
      put('%');
      format--; /* not a directive: an ordinary character, or the end */
      break;
    }
  }
  put('\n');
  va_end(values);
}
