/*
 * The interrupt controller, where the core has one: QEMU connects none to a Cortex-R, see cpu.h.
 * Source: Arm Generic Interrupt Controller architecture specification, version 1.0.
 */
#ifndef INTERRUPTS_H
#define INTERRUPTS_H

#include <stdint.h>

#include "board.h"
#include "cpu.h"

#ifdef GIC_BASE

#define GIC_PRIORITY_MASK cpu_register(GIC_INTERFACE + 0x04u)
#define GIC_ACKNOWLEDGE cpu_register(GIC_INTERFACE + 0x0cu)
#define GIC_END cpu_register(GIC_INTERFACE + 0x10u)
#define GIC_HIGHEST_PENDING cpu_register(GIC_INTERFACE + 0x18u)
#define GIC_NUMBER 0x3ffu
#define GIC_SPURIOUS 1023u

/* A register of a byte for each interrupt. */
static inline volatile uint8_t *gic_byte(uint32_t base, uint32_t number)
{
  return (volatile uint8_t *)(GIC_BASE + base + number);
}

/* Lets an interrupt (32 to 191) reach the core, and wake it. */
static inline void interrupt_enable(uint32_t number)
{
  *gic_byte(0x400u, number) = 0xa0u; /* priority */
  *gic_byte(0x800u, number) = 1u;    /* target: this core */
  *GIC_SET_ENABLE(number) = 1u << number % 32u;
  *GIC_PRIORITY_MASK = 0xf8u;
  *GIC_DISTRIBUTOR_CONTROL = 1u;
  *GIC_INTERFACE_CONTROL = 1u;
}

/*
 * Takes the pending interrupt of the highest priority; 0 if there is none. The timer's is left alone: it
 * is over once timer_take_ticks has looked, and the mailbox's, of a lower number, comes before it.
 */
static inline uint32_t interrupt_claim(void)
{
  uint32_t number = *GIC_HIGHEST_PENDING & GIC_NUMBER;
  if (number == GIC_SPURIOUS || number == TIMER_IRQ) {
    return 0;
  }
  return *GIC_ACKNOWLEDGE & GIC_NUMBER;
}

/* The claimed interrupt has been served; if its line is still high, it is pending again. */
static inline void interrupt_complete(uint32_t claimed)
{
  *GIC_END = claimed;
}

#else

static inline void interrupt_enable(uint32_t number)
{
  (void)number;
}

/* None is ever pending. */
static inline uint32_t interrupt_claim(void)
{
  return 0;
}

static inline void interrupt_complete(uint32_t claimed)
{
  (void)claimed;
}

#endif

#endif
