/*
 * How a remote dies: a line in the trace, then the finisher's FAIL word, by which the host learns
 * of the crash.
 */
#ifndef TRAP_H
#define TRAP_H

#include <stdint.h>

/* Codes given to the finisher. Images may use 1 to 63. */
#define FAIL_PROTOCOL 64u    /* the host broke the rules of the rings, or the table is unusable */
#define FAIL_EXCEPTION 80u   /* 80 + mcause, or the number of the Cortex-M's exception */
#define FAIL_DOUBLE_TRAP 127u /* an exception while an exception was being reported (RISC-V) */

/* Ends the remote: `reason` goes to the trace, `code` to the finisher. */
__attribute__((noreturn)) void panic(const char *reason, uint32_t code);

#endif
