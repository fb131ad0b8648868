#ifndef WORK_H
#define WORK_H

#include <stdint.h>

/* What the benchmark writes before the program begins, at the address PARAMETERS. */
struct parameters {
  /* Which of the loops below, from 0. */
  uint32_t loop;
  uint32_t rounds;
};

/* Each does one round of its kind of work, and returns a check sum that is the same in every round. */
uint32_t mixed_round(void);
uint32_t memory_round(void);
uint32_t branch_round(void);
uint32_t bits_round(void);
uint32_t float_round(void);

/* Powers the machine off. */
void finish(int failed) __attribute__((noreturn));

#endif
