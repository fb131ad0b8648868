@ The vector table at address 0; powers off through semihosting (SYS_EXIT).
  .syntax unified
  .thumb
  .section .start, "ax"
  .word stack_top
  .word start
  .word stop
  .word stop

  .text
  .globl start
  .thumb_func
start:
  ldr r0, =0xe000ed88   @ CPACR: floating point on
  movs r1, #0xf << 20
  str r1, [r0]
  ldr r0, =bss_start
  ldr r1, =bss_end
  movs r2, #0
1:
  cmp r0, r1
  bhs 2f
  str r2, [r0], #4
  b 1b
2:
  bl main

  .globl finish
  .thumb_func
finish:
  ldr r1, =0x20026
  cbz r0, 3f
  ldr r1, =0x20023
3:
  movs r0, #0x18
  bkpt 0xab
  .thumb_func
stop:
  b stop
