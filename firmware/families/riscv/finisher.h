/*
 * The test finisher: one word ends the run and tells the host how.
 * Source: docs/boards/virt-rv32.md, "Test finisher"; the same device as on the RISC-V `virt` machine.
 */
#ifndef FINISHER_H
#define FINISHER_H

#include "board.h"
#include "cpu.h"

#define FINISHER_PASS 0x5555u /* ended, no error */
#define FINISHER_FAIL 0x3333u /* low half; the code is in the high half */

/* Ends the remote without an error. */
__attribute__((noreturn)) static inline void finisher_pass(void)
{
  cpu_fence();
  *cpu_register(FINISHER_BASE) = FINISHER_PASS;
  cpu_halt();
}

/* Ends the remote with an error, which the host takes as a crash. `code`: 0 to 65535. */
__attribute__((noreturn)) static inline void finisher_fail(uint32_t code)
{
  cpu_fence();
  *cpu_register(FINISHER_BASE) = code << 16 | FINISHER_FAIL;
  cpu_halt();
}

#endif
