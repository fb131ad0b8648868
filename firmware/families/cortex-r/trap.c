/*
 * Every exception is a fault, and the end: trap_report tells the host.
 * Source: ARM Architecture Reference Manual, ARMv7-A and ARMv7-R edition, "Exception handling", "DFSR".
 */
#include "trap.h"

#include "finisher.h"
#include "trace.h"

/* Exceptions by their vectors. */
#define PREFETCH_ABORT 3u
#define DATA_ABORT 4u

static const char *const names[] = {"reset", "undefined instruction", "supervisor call",
                                    "prefetch abort", "data abort"};

#define READ_CP15(name, crn, crm, op2)                                                             \
  static uint32_t name(void)                                                                       \
  {                                                                                                \
    uint32_t value;                                                                                \
    __asm__ volatile("mrc p15, 0, %0, " #crn ", " #crm ", " #op2 : "=r"(value));                  \
    return value;                                                                                  \
  }

READ_CP15(read_dfsr, c5, c0, 0) /* data fault status */
READ_CP15(read_dfar, c6, c0, 0) /* data fault address */
READ_CP15(read_ifsr, c5, c0, 1) /* instruction fault status */
READ_CP15(read_ifar, c6, c0, 2) /* instruction fault address */

/* Called by start.S, on a stack of its own. */
__attribute__((noreturn)) void trap_report(uint32_t exception, uint32_t pc, uint32_t lr,
                                           uint32_t sp);

void trap_report(uint32_t exception, uint32_t pc, uint32_t lr, uint32_t sp)
{
  trace_line("trap: %s, pc=%x", names[exception], pc);
  if (exception == DATA_ABORT) {
    trace_line("trap: dfsr=%x address=%x", read_dfsr(), read_dfar());
  } else if (exception == PREFETCH_ABORT) {
    trace_line("trap: ifsr=%x address=%x", read_ifsr(), read_ifar());
  }
  trace_line("trap: lr=%x sp=%x", lr, sp);
  finisher_fail(FAIL_EXCEPTION + exception);
}
