/*
 * The interrupt controller.
 * Source: ARMv7-M Architecture Reference Manual, "Nested Vectored Interrupt Controller, NVIC".
 */
#ifndef INTERRUPTS_H
#define INTERRUPTS_H

#include "cpu.h"

/* Lets an interrupt (0 to 495) wake the core. */
static inline void interrupt_enable(uint32_t number)
{
  *NVIC_ISER(number / 32u) = 1u << number % 32u;
}

/* The pending and enabled interrupt of the lowest number, plus 1; 0 if there is none. */
static inline uint32_t interrupt_claim(void)
{
  for (uint32_t n = 0; n < NVIC_WORDS; n++) {
    uint32_t pending = *NVIC_ISPR(n) & *NVIC_ISER(n);
    if (pending != 0) {
      return 32u * n + (uint32_t)__builtin_ctz(pending) + 1u;
    }
  }
  return 0;
}

/* The claimed interrupt has been served; if its line is still high, it is pending again. */
static inline void interrupt_complete(uint32_t claimed)
{
  uint32_t number = claimed - 1u;
  *NVIC_ICPR(number / 32u) = 1u << number % 32u;
}

#endif
