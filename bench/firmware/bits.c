/* Words as sets of bits: scanning, counting, rotating, single bits, minima. */
#include "work.h"

#define WORDS 256

static uint32_t words[WORDS];
static uint8_t ready[32 * WORDS / 8];

/* ChaCha's quarter round. */
static inline uint32_t rotated(uint32_t value, int by) {
  return value << by | value >> (32 - by);
}

static uint32_t mix(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  for (int i = 0; i < 64; i++) {
    a += b;
    d = rotated(d ^ a, 16);
    c += d;
    b = rotated(b ^ c, 12);
    a += b;
    d = rotated(d ^ a, 8);
    c += d;
    b = rotated(b ^ c, 7);
  }
  return a ^ b ^ c ^ d;
}

/* Priorities of tasks that are ready, the highest first, as schedulers look for them. */
static uint32_t schedule(void) {
  uint32_t sum = 0;
  for (int i = 0; i < WORDS; i++) {
    uint32_t set = words[i];
    while (set != 0) {
      int first = __builtin_clz(set);
      set &= ~(0x80000000u >> first);
      ready[(uint32_t)i * 4 + ((uint32_t)first >> 3)]++;
      sum += (uint32_t)first;
    }
  }
  return sum;
}

static uint32_t limits(void) {
  int32_t low = INT32_MAX;
  int32_t high = INT32_MIN;
  uint32_t sum = 0;
  for (int i = 0; i < WORDS; i++) {
    int32_t value = (int32_t)words[i];
    low = value < low ? value : low;
    high = value > high ? value : high;
    uint32_t after = words[(i + 1) & (WORDS - 1)];
    if (after >> (i & 31) & 1) sum ^= words[i] & ~after;
  }
  return (uint32_t)low + (uint32_t)high + sum;
}

uint32_t bits_round(void) {
  uint32_t seed = 2463534242u;
  for (int i = 0; i < WORDS; i++) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    words[i] = seed & (uint32_t)-(int32_t)(i & 1 ? 0x11111111u : 0x01010101u);
  }
  uint32_t sum = mix(words[0], words[1], words[2], words[3]);
  return sum + schedule() + limits();
}
