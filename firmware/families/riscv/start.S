/*
 * From reset to main, and from a trap to trap_report.
 *
 * The host enters at _start, with nothing set up: no stack, no cleared memory, no trap vector.
 */

#if __riscv_xlen == 64
#define STORE sd
#define WORD 8
#else
#define STORE sw
#define WORD 4
#endif

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
  STORE x1, 1 * WORD(t0)
  STORE x2, 2 * WORD(t0)
  STORE x3, 3 * WORD(t0)
  STORE x4, 4 * WORD(t0)
  STORE x6, 6 * WORD(t0)
  STORE x7, 7 * WORD(t0)
  STORE x8, 8 * WORD(t0)
  STORE x9, 9 * WORD(t0)
  STORE x10, 10 * WORD(t0)
  STORE x11, 11 * WORD(t0)
  STORE x12, 12 * WORD(t0)
  STORE x13, 13 * WORD(t0)
  STORE x14, 14 * WORD(t0)
  STORE x15, 15 * WORD(t0)
  STORE x16, 16 * WORD(t0)
  STORE x17, 17 * WORD(t0)
  STORE x18, 18 * WORD(t0)
  STORE x19, 19 * WORD(t0)
  STORE x20, 20 * WORD(t0)
  STORE x21, 21 * WORD(t0)
  STORE x22, 22 * WORD(t0)
  STORE x23, 23 * WORD(t0)
  STORE x24, 24 * WORD(t0)
  STORE x25, 25 * WORD(t0)
  STORE x26, 26 * WORD(t0)
  STORE x27, 27 * WORD(t0)
  STORE x28, 28 * WORD(t0)
  STORE x29, 29 * WORD(t0)
  STORE x30, 30 * WORD(t0)
  STORE x31, 31 * WORD(t0)
  csrr t1, mscratch
  STORE t1, 5 * WORD(t0)  /* x5 is t0 itself */

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
  .balign WORD
  .globl trap_frame
trap_frame:
  .skip 32 * WORD
