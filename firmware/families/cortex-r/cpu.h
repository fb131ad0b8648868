/*
 * What C has no words for on a Cortex-R: barriers, and the core's own registers.
 * Source: ARM Architecture Reference Manual, ARMv7-A and ARMv7-R edition, "System Control Registers in
 * a PMSA implementation".
 *
 * This port takes no interrupts: it sleeps until one is there, and looks for the reason. QEMU connects none
 * to the core, so there it looks at its devices again and again instead.
 */
#ifndef CPU_H
#define CPU_H

#include <stdint.h>

#include "board.h"

/* A device register of 32 bits. */
static inline volatile uint32_t *cpu_register(uint32_t address)
{
  return (volatile uint32_t *)address;
}

/* The instruction of semihosting, by its manual for this profile and each instruction set. */
#ifdef __thumb__
#define CPU_SEMIHOSTING "svc 0xab"
#else
#define CPU_SEMIHOSTING "svc 0x123456"
#endif

/* Orders all memory and device accesses before it against all after it. */
static inline void cpu_fence(void)
{
  __asm__ volatile("dmb" ::: "memory");
}

#ifdef GIC_BASE

#define GIC_DISTRIBUTOR_CONTROL cpu_register(GIC_BASE + 0x000u)
#define GIC_SET_ENABLE(number) cpu_register(GIC_BASE + 0x100u + 4u * ((number) / 32u))
#define GIC_CLEAR_ENABLE(number) cpu_register(GIC_BASE + 0x180u + 4u * ((number) / 32u))
#define GIC_INTERFACE_CONTROL cpu_register(GIC_INTERFACE + 0x00u)

/*
 * Sleeps until an enabled interrupt is pending; returns at once if one already is, so whatever happened
 * between the last look and this call is not missed. Interrupts are never taken (CPSR.I is 1).
 */
static inline void cpu_sleep(void)
{
  __asm__ volatile("dsb\n\twfi" ::: "memory");
}

/* The same, but a tick of the timer does not wake; it stays pending for later. */
static inline void cpu_sleep_without_timer(void)
{
  const uint32_t timer = 1u << TIMER_IRQ % 32u;
  uint32_t enabled = *GIC_SET_ENABLE(TIMER_IRQ) & timer;
  *GIC_CLEAR_ENABLE(TIMER_IRQ) = timer;
  cpu_sleep();
  *GIC_SET_ENABLE(TIMER_IRQ) = enabled;
}

/* Nothing wakes the core any more. */
static inline void cpu_disable_interrupts(void)
{
  *GIC_INTERFACE_CONTROL = 0;
}

#else

/* Nothing would wake the core: it goes on at once, after others had a turn. */
static inline void cpu_sleep(void)
{
  __asm__ volatile("yield" ::: "memory");
}

static inline void cpu_sleep_without_timer(void)
{
  cpu_sleep();
}

/* None is ever enabled. */
static inline void cpu_disable_interrupts(void)
{
}

#endif

/* The end: sleeps for ever, nothing wakes it. */
__attribute__((noreturn)) static inline void cpu_halt(void)
{
  cpu_disable_interrupts();
  for (;;) {
    __asm__ volatile("dsb\n\twfi" ::: "memory");
  }
}

/* For images that show how a remote ends: permanently undefined, by the manual. */
static inline void cpu_execute_illegal_instruction(void)
{
  __asm__ volatile("udf #0");
}

/* Reads a word, whatever the compiler knows of the address. */
static inline uint32_t cpu_load(uint32_t address)
{
  uint32_t word;
  __asm__ volatile("ldr %0, [%1]" : "=r"(word) : "r"(address));
  return word;
}

#endif
