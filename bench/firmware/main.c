#include "work.h"

static uint32_t (*const loops[])(void) = {
  mixed_round, memory_round, branch_round, bits_round, float_round,
};

int main(void) {
  volatile const struct parameters *parameters = (volatile const struct parameters *)PARAMETERS;
  uint32_t rounds = parameters->rounds;
  uint32_t loop = parameters->loop;
  int failed = 0;
  if (rounds > 0 && loop < sizeof loops / sizeof loops[0]) {
    uint32_t expected = loops[loop]();
    while (--rounds > 0)
      if (loops[loop]() != expected) failed = 1;
  }
  finish(failed);
}
