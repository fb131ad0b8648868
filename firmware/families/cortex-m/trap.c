/*
 * Every exception that is taken is a fault, and the end: trap_report tells the host.
 * Source: ARMv7-M Architecture Reference Manual, "Exception entry behavior" and "CFSR".
 */
#include "trap.h"

#include "cpu.h"
#include "finisher.h"
#include "trace.h"

#define CFSR cpu_register(0xe000ed28u)  /* MemManage, BusFault and UsageFault status */
#define HFSR cpu_register(0xe000ed2cu)  /* HardFault status */
#define MMFAR cpu_register(0xe000ed34u) /* address of a MemManage fault */
#define BFAR cpu_register(0xe000ed38u)  /* address of a BusFault */

#define CFSR_MEMMANAGE 0x000000ffu
#define CFSR_MMARVALID (1u << 7)
#define CFSR_BUSFAULT 0x0000ff00u
#define CFSR_BFARVALID (1u << 15)

/* Exceptions by their number. */
#define HARD_FAULT 3u
#define MEM_MANAGE 4u
#define BUS_FAULT 5u
#define USAGE_FAULT 6u

/* What the core puts on the stack at an exception. */
struct frame {
  uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
};

static uint32_t which_fault(uint32_t cfsr)
{
  if (cfsr & CFSR_BUSFAULT) {
    return BUS_FAULT;
  }
  if (cfsr & CFSR_MEMMANAGE) {
    return MEM_MANAGE;
  }
  return cfsr != 0 ? USAGE_FAULT : HARD_FAULT;
}

static const char *const names[] = {"HardFault", "MemManage", "BusFault", "UsageFault"};

/* Called by trap_entry with the stack pointer at the exception. */
__attribute__((noreturn, used)) void trap_report(const struct frame *frame);

void trap_report(const struct frame *frame)
{
  uint32_t cfsr = *CFSR;
  uint32_t fault = which_fault(cfsr);
  trace_line("trap: %s, cfsr=%x hfsr=%x pc=%x", names[fault - HARD_FAULT], cfsr, *HFSR, frame->pc);
  if (cfsr & (CFSR_BFARVALID | CFSR_MMARVALID)) {
    trace_line("trap: address=%x", cfsr & CFSR_BFARVALID ? *BFAR : *MMFAR);
  }
  trace_line("trap: lr=%x sp=%x", frame->lr, (uint32_t)(frame + 1));
  finisher_fail(FAIL_EXCEPTION + fault);
}

/* The old stack may be the reason of the fault: the report is written on one of its own. */
__attribute__((naked)) void trap_entry(void);

void trap_entry(void)
{
  __asm__ volatile("mov r0, sp\n\t"
                   "ldr r1, =__trap_stack_top\n\t"
                   "mov sp, r1\n\t"
                   "b trap_report");
}
