/* Copies, sums in strides, and pointers that lead all over 64 KiB. */
#include "work.h"

#define WORDS 16384

static uint32_t from[WORDS];
static uint32_t to[WORDS];

uint32_t memory_round(void) {
  uint32_t index = 0;
  for (uint32_t i = 0; i < WORDS; i++) from[i] = (i * 4093 + 1) & (WORDS - 1);
  for (uint32_t i = 0; i < WORDS; i += 4) {
    to[i] = from[i];
    to[i + 1] = from[i + 1];
    to[i + 2] = from[i + 2];
    to[i + 3] = from[i + 3];
  }
  uint32_t sum = 0;
  for (uint32_t start = 0; start < 8; start++)
    for (uint32_t i = start; i < WORDS; i += 8) sum += to[i];
  uint8_t *bytes = (uint8_t *)to;
  uint16_t *halves = (uint16_t *)from;
  for (uint32_t i = 0; i < WORDS; i++) bytes[i] = (uint8_t)(bytes[i] + (halves[i] >> 3));
  for (uint32_t i = 0; i < WORDS; i++) {
    index = from[index] & (WORDS - 1);
    sum ^= index;
  }
  return sum ^ to[index];
}
