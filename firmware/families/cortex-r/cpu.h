/*
 * What C has no words for on a Cortex-R: barriers, and the core's own registers.
 * Source: ARM Architecture Reference Manual, ARMv7-A and ARMv7-R edition, "System Control Registers in
 * a PMSA implementation".
 *
 * This port takes no interrupts: the machine that it is for connects none to the core. It looks at its
 * devices again and again instead.
 */
#ifndef CPU_H
#define CPU_H

#include <stdint.h>

/* A device register of 32 bits. */
static inline volatile uint32_t *cpu_register(uint32_t address)
{
  return (volatile uint32_t *)address;
}

/* The instruction of semihosting, by its manual for this profile and the ARM instruction set. */
#define CPU_SEMIHOSTING "svc 0x123456"

/* Orders all memory and device accesses before it against all after it. */
static inline void cpu_fence(void)
{
  __asm__ volatile("dmb" ::: "memory");
}

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

/* The end: sleeps for ever, nothing wakes it. */
__attribute__((noreturn)) static inline void cpu_halt(void)
{
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
