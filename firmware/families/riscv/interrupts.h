/*
 * The interrupt controller, for hart 0 in machine mode (context 0).
 * Source: RISC-V Platform-Level Interrupt Controller Specification, "Memory Map".
 */
#ifndef INTERRUPTS_H
#define INTERRUPTS_H

#include "board.h"
#include "cpu.h"

#define PLIC_PRIORITY(source) (PLIC_BASE + 4u * (source))
#define PLIC_ENABLE(source) (PLIC_BASE + 0x2000u + 4u * ((source) / 32u))
#define PLIC_THRESHOLD (PLIC_BASE + 0x200000u)
#define PLIC_CLAIM (PLIC_BASE + 0x200004u)

/* Lets a source (1 to 95) reach the hart, and wake it. */
static inline void interrupt_enable(uint32_t source)
{
  *cpu_register(PLIC_PRIORITY(source)) = 1;
  *cpu_register(PLIC_ENABLE(source)) |= 1u << source % 32u;
  *cpu_register(PLIC_THRESHOLD) = 0;
  cpu_enable(INTERRUPT_EXTERNAL);
}

/* Takes the pending source of the highest priority; 0 if there is none. */
static inline uint32_t interrupt_claim(void)
{
  return *cpu_register(PLIC_CLAIM);
}

/* The claimed source has been served; if its line is still high, it is pending again. */
static inline void interrupt_complete(uint32_t source)
{
  *cpu_register(PLIC_CLAIM) = source;
}

#endif
