/*
 * What C has no words for on RISC-V: barriers, sleeping, and the machine's interrupt registers.
 * Source: The RISC-V Instruction Set Manual, volume II, chapter "Machine-Level ISA".
 */
#ifndef CPU_H
#define CPU_H

#include <stdint.h>

/* What a register holds: 32 bits or 64, as the hart has them. */
typedef uintptr_t cpu_word;

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
  __asm__ volatile("csrs mie, %0" ::"r"((cpu_word)interrupts));
}

/* Interrupts that are pending now, enabled or not. */
static inline uint32_t cpu_pending(void)
{
  cpu_word pending;
  __asm__ volatile("csrr %0, mip" : "=r"(pending));
  return (uint32_t)pending;
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

/* The same, but a tick of the timer does not wake; it stays pending for later. */
static inline void cpu_sleep_without_timer(void)
{
  cpu_word enabled;
  __asm__ volatile("csrrw %0, mie, %1" : "=r"(enabled) : "r"((cpu_word)INTERRUPT_EXTERNAL));
  cpu_sleep();
  __asm__ volatile("csrw mie, %0" ::"r"(enabled));
}

/* Nothing wakes the hart any more. */
static inline void cpu_disable_interrupts(void)
{
  __asm__ volatile("csrw mie, zero");
}

/* The end: sleeps for ever, nothing wakes it. */
__attribute__((noreturn)) static inline void cpu_halt(void)
{
  cpu_disable_interrupts();
  for (;;) {
    cpu_sleep();
  }
}

/* For images that show how a remote ends. All zeros is illegal for ever, by the manual. */
static inline void cpu_execute_illegal_instruction(void)
{
  __asm__ volatile(".4byte 0");
}

/* Reads a word, whatever the compiler knows of the address. */
static inline uint32_t cpu_load(uint32_t address)
{
  cpu_word word;
  __asm__ volatile("lw %0, 0(%1)" : "=r"(word) : "r"((cpu_word)address));
  return (uint32_t)word;
}

/* A device register of 32 bits. */
static inline volatile uint32_t *cpu_register(uint32_t address)
{
  return (volatile uint32_t *)(uintptr_t)address;
}

#endif
