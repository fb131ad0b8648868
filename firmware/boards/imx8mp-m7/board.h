/* The Cortex-M7 of NXP's i.MX 8M Plus, as docs/boards/imx8mp-m7.md has it. */
#ifndef BOARD_H
#define BOARD_H

/* Frequency of the timer (SysTick and the cycle counter), which is the core's clock, in hertz. */
#define TIMER_HZ 800000000u

/* Messaging unit, side B, and its interrupt. */
#define MAILBOX_BASE 0x30ab0000u
#define MAILBOX_RECEIVE_IRQ 97u

/* Memory for data. The same numbers stand in link.ld. */
#define RAM_BASE 0x20000000u
#define RAM_SIZE 0x00020000u /* 128 KiB */

/* Where rings and buffers are by habit: in DRAM that Linux leaves alone. */
#define SHARED_BASE 0x55000000u
#define SHARED_SIZE 0x01000000u

/* Where the chip has nothing: an access faults. */
#define NOTHING_BASE 0xd0000000u

#endif
