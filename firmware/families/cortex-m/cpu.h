/*
 * What C has no words for on a Cortex-M: barriers, sleeping, and the core's own registers.
 * Source: ARMv7-M Architecture Reference Manual, "System Control Space".
 */
#ifndef CPU_H
#define CPU_H

#include <stdint.h>

/* A device register of 32 bits. */
static inline volatile uint32_t *cpu_register(uint32_t address)
{
  return (volatile uint32_t *)address;
}

#define ICSR cpu_register(0xe000ed04u) /* interrupt control and state */
#define ICSR_PENDSTCLR (1u << 25)
#define ICSR_PENDSTSET (1u << 26)

#define SYST_CSR cpu_register(0xe000e010u) /* SysTick control and status */
#define SYST_RVR cpu_register(0xe000e014u) /* reload value, 24 bits */
#define SYST_CVR cpu_register(0xe000e018u) /* current value; any write clears it */
#define SYST_CSR_ENABLE (1u << 0)
#define SYST_CSR_TICKINT (1u << 1)
#define SYST_CSR_CLKSOURCE (1u << 2) /* counts the core's clock */

#define NVIC_ISER(n) cpu_register(0xe000e100u + 4u * (n)) /* set-enable, 32 lines each */
#define NVIC_ICER(n) cpu_register(0xe000e180u + 4u * (n)) /* clear-enable */
#define NVIC_ISPR(n) cpu_register(0xe000e200u + 4u * (n)) /* set-pending, reads as pending */
#define NVIC_ICPR(n) cpu_register(0xe000e280u + 4u * (n)) /* clear-pending */
#define NVIC_WORDS 16u

/* The instruction of semihosting, by its manual for this profile. */
#define CPU_SEMIHOSTING "bkpt 0xab"

/* Orders all memory and device accesses before it against all after it. */
static inline void cpu_fence(void)
{
  __asm__ volatile("dmb" ::: "memory");
}

/*
 * Sleeps until an enabled interrupt is pending; returns at once if one already is, so whatever
 * happened between the last look and this call is not missed. Interrupts are never taken (PRIMASK
 * is 1): the caller looks for the reason and removes it.
 */
static inline void cpu_sleep(void)
{
  __asm__ volatile("dsb\n\twfi" ::: "memory");
}

/* The same, but a tick of the timer does not wake; it stays pending for later. */
static inline void cpu_sleep_without_timer(void)
{
  uint32_t control = *SYST_CSR & (SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CLKSOURCE);
  *SYST_CSR = control & ~SYST_CSR_TICKINT;
  *ICSR = ICSR_PENDSTCLR;
  cpu_sleep();
  *SYST_CSR = control;
  if (control & SYST_CSR_TICKINT) {
    *ICSR = ICSR_PENDSTSET; /* ticks that have passed meanwhile are found by whoever wakes next */
  }
}

/* Nothing wakes the core any more. */
static inline void cpu_disable_interrupts(void)
{
  for (uint32_t n = 0; n < NVIC_WORDS; n++) {
    *NVIC_ICER(n) = UINT32_MAX;
  }
  *SYST_CSR = 0;
  *ICSR = ICSR_PENDSTCLR;
}

/* The end: sleeps for ever, nothing wakes it. */
__attribute__((noreturn)) static inline void cpu_halt(void)
{
  cpu_disable_interrupts();
  for (;;) {
    cpu_sleep();
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
