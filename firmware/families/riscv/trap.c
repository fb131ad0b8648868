#include "trap.h"

#include "finisher.h"
#include "trace.h"

/* The registers x0 to x31 at the exception, saved by start.S. */
extern uint32_t trap_frame[32];

/* Registers by their number. */
#define X_RA 1
#define X_SP 2

/* Exception codes: RISC-V manual, volume II, table "Machine cause register (mcause) values". */
static const char *exception_name(uint32_t cause)
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
__attribute__((noreturn)) void trap_report(uint32_t mcause, uint32_t mepc, uint32_t mtval);

void trap_report(uint32_t mcause, uint32_t mepc, uint32_t mtval)
{
  trace_line("trap: %s, mcause=%x mepc=%x mtval=%x", exception_name(mcause), mcause, mepc, mtval);
  trace_line("trap: ra=%x sp=%x", trap_frame[X_RA], trap_frame[X_SP]);
  finisher_fail(FAIL_EXCEPTION + (mcause & 15u));
}
