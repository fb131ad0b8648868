/*
 * From reset to main, and from a trap to trap_report.
 *
 * The host enters at _start, with nothing set up: no stack, no cleared memory, no trap vector.
 */

  .section .text.start, "ax", @progbits
  .globl _start
_start:
  csrw mie, zero          /* no interrupt wakes or disturbs before a driver asks for it */
  csrci mstatus, 8        /* MIE off: this library takes no interrupts, wfi wakes on pending ones */

  .option push
  .option norelax         /* gp itself cannot be computed relative to gp */
  la gp, __global_pointer$
  .option pop

  la sp, __stack_top
  la t0, trap_entry
  csrw mtvec, t0

  la t0, __bss_start
  la t1, __bss_end
1:
  bgeu t0, t1, 2f
  sw zero, 0(t0)
  addi t0, t0, 4
  j 1b
2:
  call main

  /* main has returned: there is nothing more to do, ever. */
  csrw mie, zero
3:
  wfi
  j 3b

/*
 * Every trap is an exception, and every exception is the end: the registers are saved in
 * trap_frame (x0 to x31, for whoever reads a memory dump), and trap_report tells the host.
 */
  .text
  .balign 4               /* mtvec wants it */
trap_entry:
  csrw mscratch, t0
  la t0, trap_frame
  sw x1, 4(t0)
  sw x2, 8(t0)
  sw x3, 12(t0)
  sw x4, 16(t0)
  sw x6, 24(t0)
  sw x7, 28(t0)
  sw x8, 32(t0)
  sw x9, 36(t0)
  sw x10, 40(t0)
  sw x11, 44(t0)
  sw x12, 48(t0)
  sw x13, 52(t0)
  sw x14, 56(t0)
  sw x15, 60(t0)
  sw x16, 64(t0)
  sw x17, 68(t0)
  sw x18, 72(t0)
  sw x19, 76(t0)
  sw x20, 80(t0)
  sw x21, 84(t0)
  sw x22, 88(t0)
  sw x23, 92(t0)
  sw x24, 96(t0)
  sw x25, 100(t0)
  sw x26, 104(t0)
  sw x27, 108(t0)
  sw x28, 112(t0)
  sw x29, 116(t0)
  sw x30, 120(t0)
  sw x31, 124(t0)
  csrr t1, mscratch
  sw t1, 20(t0)           /* x5 is t0 itself */

  .option push
  .option norelax
  la gp, __global_pointer$
  .option pop

  la t0, trap_again       /* a second trap must not come back here */
  csrw mtvec, t0
  la sp, __trap_stack_top /* the old stack may be the reason of the trap */
  csrr a0, mcause
  csrr a1, mepc
  csrr a2, mtval
  tail trap_report

/* A trap inside trap_report: say no more than that, without touching memory. */
  .balign 4
trap_again:
  li t0, 0x00100000       /* FINISHER_BASE */
  li t1, (127 << 16) | 0x3333
  sw t1, 0(t0)
1:
  wfi
  j 1b

  .bss
  .balign 4
  .globl trap_frame
trap_frame:
  .skip 128
