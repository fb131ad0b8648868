/*
 * QEMU's machine `mps2-an386`, as docs/qemu.md has it: doorbells are bytes on its second UART, and data
 * and shared memory are in its PSRAM.
 */
#ifndef BOARD_H
#define BOARD_H

/* Frequency of the timer (SysTick), which is the core's clock, in hertz. */
#define TIMER_HZ 25000000u

/* The UART that carries the doorbells, one of CMSDK's, and its interrupt for bytes received. */
#define MAILBOX_BASE 0x40005000u
#define MAILBOX_RECEIVE_IRQ 2u

/* Shared memory: the host puts rings and buffers here, unless the resource table says otherwise. */
#define SHARED_BASE 0x21800000u
#define SHARED_SIZE 0x00800000u /* 8 MiB */

/* Memory for data. The same numbers stand in link.ld. */
#define RAM_BASE 0x21000000u
#define RAM_SIZE 0x00800000u /* 8 MiB */

/* Where the machine has nothing: an access faults. */
#define NOTHING_BASE 0x90000000u

#endif
