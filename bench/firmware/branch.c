/* Decisions that depend on data: a sort, searches, and a walk on the integers. */
#include "work.h"

#define COUNT 512

static int32_t numbers[COUNT];

static uint32_t seed;

static uint32_t next(void) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed;
}

static void sort(void) {
  for (int gap = COUNT / 2; gap > 0; gap /= 2) {
    for (int i = gap; i < COUNT; i++) {
      int32_t moved = numbers[i];
      int j = i;
      for (; j >= gap && numbers[j - gap] > moved; j -= gap) numbers[j] = numbers[j - gap];
      numbers[j] = moved;
    }
  }
}

static int find(int32_t wanted) {
  int low = 0;
  int high = COUNT;
  while (low < high) {
    int middle = (low + high) / 2;
    if (numbers[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

uint32_t branch_round(void) {
  seed = 2463534242u;
  uint32_t sum = 0;
  for (int i = 0; i < COUNT; i++) numbers[i] = (int32_t)next();
  sort();
  for (int i = 0; i < COUNT; i++) sum = sum * 31 + (uint32_t)find((int32_t)next());
  for (uint32_t start = 1; start < 64; start++) {
    uint32_t value = start;
    while (value != 1) {
      if (value & 1) value = 3 * value + 1;
      else value >>= 1;
      sum++;
    }
  }
  return sum;
}
