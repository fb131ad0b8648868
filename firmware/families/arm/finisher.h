/*
 * The end of the run, told to whoever debugs: the emulated boards and QEMU listen.
 * Source: Arm, "Semihosting for AArch32 and AArch64", SYS_EXIT_EXTENDED.
 */
#ifndef FINISHER_H
#define FINISHER_H

#include "cpu.h"

#define SYS_EXIT_EXTENDED 0x20u
#define ADP_STOPPED_APPLICATION_EXIT 0x20026u

/* Ends the remote. Any `code` but 0 is an error, which the host takes as a crash. */
__attribute__((noreturn)) static inline void finisher_end(uint32_t code)
{
  const uint32_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, code};
  register uint32_t operation __asm__("r0") = SYS_EXIT_EXTENDED;
  register const uint32_t *parameter __asm__("r1") = block;
  __asm__ volatile("dsb\n\t" CPU_SEMIHOSTING : "+r"(operation) : "r"(parameter) : "memory");
  cpu_halt();
}

/* Ends the remote without an error. */
__attribute__((noreturn)) static inline void finisher_pass(void)
{
  finisher_end(0);
}

/* Ends the remote with an error, which the host takes as a crash. `code`: 1 to 65535. */
__attribute__((noreturn)) static inline void finisher_fail(uint32_t code)
{
  finisher_end(code);
}

#endif
