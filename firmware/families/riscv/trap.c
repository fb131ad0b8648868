#include "trap.h"

#include "cpu.h"
#include "finisher.h"
#include "trace.h"

/* The registers x0 to x31 at the exception, saved by start.S. */
extern cpu_word trap_frame[32];

/* Registers by their number. */
#define X_RA 1
#define X_SP 2

/* Exception codes: RISC-V manual, volume II, table "Machine cause register (mcause) values". */
static const char *exception_name(cpu_word cause)
{
  static const char *const names[] = {
      "instruction address misaligned",
      "instruction access fault",
      "illegal instruction",
      "breakpoint",
      "load address misaligned",
      "load access fault",
      "store address misaligned",
      "store access fault",
  };
  return cause < sizeof names / sizeof names[0] ? names[cause] : "exception";
}

/* Called by trap_entry in start.S, on a stack of its own. */
__attribute__((noreturn)) void trap_report(cpu_word mcause, cpu_word mepc, cpu_word mtval);

void trap_report(cpu_word mcause, cpu_word mepc, cpu_word mtval)
{
  /* Of 64 bits the lower half: memory and devices are in the first 4 GiB. */
  trace_line("trap: %s, mcause=%x mepc=%x mtval=%x", exception_name(mcause), (uint32_t)mcause,
             (uint32_t)mepc, (uint32_t)mtval);
  trace_line("trap: ra=%x sp=%x", (uint32_t)trap_frame[X_RA], (uint32_t)trap_frame[X_SP]);
  finisher_fail(FAIL_EXCEPTION + ((uint32_t)mcause & 15u));
}
