/*
 * What C has no words for on RISC-V: barriers, sleeping, and the machine's interrupt registers.
 * Source: The RISC-V Instruction Set Manual, volume II, chapter "Machine-Level ISA".
 */
#ifndef CPU_H
#define CPU_H

#include <stdint.h>

/* Bits of the CSRs `mie` (enabled) and `mip` (pending). */
#define INTERRUPT_TIMER (1u << 7)
#define INTERRUPT_EXTERNAL (1u << 11)

/* Orders all memory and device accesses before it against all after it. */
static inline void cpu_fence(void)
{
  __asm__ volatile("fence iorw, iorw" ::: "memory");
}

/* Lets an interrupt wake the hart. Bits as above; others stay as they are. */
static inline void cpu_enable(uint32_t interrupts)
{
  __asm__ volatile("csrs mie, %0" ::"r"(interrupts));
}

/* Interrupts that are pending now, enabled or not. */
static inline uint32_t cpu_pending(void)
{
  uint32_t pending;
  __asm__ volatile("csrr %0, mip" : "=r"(pending));
  return pending;
}

/*
 * Sleeps until an enabled interrupt is pending; returns at once if one already is, so whatever
 * happened between the last look and this call is not missed. Interrupts are never taken (mstatus.MIE
 * is 0): the caller looks for the reason and removes it.
 */
static inline void cpu_sleep(void)
{
  __asm__ volatile("wfi" ::: "memory");
}

/* The same, but only the given interrupts wake; the others stay pending for later. */
static inline void cpu_sleep_for(uint32_t interrupts)
{
  uint32_t enabled;
  __asm__ volatile("csrrw %0, mie, %1" : "=r"(enabled) : "r"(interrupts));
  cpu_sleep();
  __asm__ volatile("csrw mie, %0" ::"r"(enabled));
}

/* The end: sleeps for ever, nothing wakes it. */
__attribute__((noreturn)) static inline void cpu_halt(void)
{
  __asm__ volatile("csrw mie, zero");
  for (;;) {
    cpu_sleep();
  }
}

/* A device register of 32 bits. */
static inline volatile uint32_t *cpu_register(uint32_t address)
{
  return (volatile uint32_t *)address;
}

#endif
