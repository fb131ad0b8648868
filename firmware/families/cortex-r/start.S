/*
 * From reset to main, and from an exception to trap_report.
 *
 * The host has the core begin at _start, in supervisor mode and ARM state, with nothing set up.
 */

#define SCTLR_V (1 << 13)       /* vectors at 0xffff0000 instead of 0 */
#define MODE_SUPERVISOR 0x13

/* Where an exception leaves `lr` behind an instruction of the set that C is compiled to. */
#ifdef __thumb__
#define AFTER_INSTRUCTION 2
#else
#define AFTER_INSTRUCTION 4
#endif

  .syntax unified
  .arm

  .section .vectors, "ax", %progbits
vectors:
  b _start                      /* reset */
  b undefined
  b supervisor_call
  b prefetch_abort
  b data_abort
  b .                           /* reserved */
  b .                           /* IRQ and FIQ are masked */
  b .

  .section .text.start, "ax", %progbits
  .globl _start
_start:
  cpsid if
  mrc p15, 0, r0, c1, c0, 0     /* SCTLR */
  bic r0, r0, #SCTLR_V
  mcr p15, 0, r0, c1, c0, 0
  isb

  ldr sp, =__stack_top
  ldr r0, =__bss_start
  ldr r1, =__bss_end
  mov r2, #0
1:
  cmp r0, r1
  strlo r2, [r0], #4
  blo 1b
  bl main

  /* main has returned: there is nothing more to do, ever. */
2:
  wfi
  b 2b

/*
 * Every exception is the end: what is told of it is its number (the vector's), where it was, and the
 * registers that say why. `lr` is as many bytes after the instruction as the manual says for each.
 */
undefined:
  sub r1, lr, #AFTER_INSTRUCTION
  mov r0, #1
  b report
supervisor_call:
  sub r1, lr, #AFTER_INSTRUCTION
  mov r0, #2
  b report
prefetch_abort:
  sub r1, lr, #4
  mov r0, #3
  b report
data_abort:
  sub r1, lr, #8
  mov r0, #4
report:
  /* The old stack may be the reason; lr and sp of the program are those of its mode. */
  cps #MODE_SUPERVISOR
  mov r2, lr
  mov r3, sp
  ldr sp, =__trap_stack_top
  b trap_report
