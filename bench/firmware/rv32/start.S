# Begins at the start of RAM, and powers off through the test finisher of the virt machine.
  .section .start, "ax"
  .globl start
start:
  la sp, stack_top
  li t0, 0x2000          # mstatus.FS: floating point on
  csrs mstatus, t0
  la t0, bss_start
  la t1, bss_end
1:
  bgeu t0, t1, 2f
  sw zero, 0(t0)
  addi t0, t0, 4
  j 1b
2:
  call main

  .globl finish
finish:
  li t0, 0x100000
  li t1, 0x5555
  beqz a0, 3f
  li t1, 0x13333
3:
  sw t1, 0(t0)
  j 3b
