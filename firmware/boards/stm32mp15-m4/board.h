/* The Cortex-M4 of ST's STM32MP15, as docs/boards/stm32mp15-m4.md has it. */
#ifndef BOARD_H
#define BOARD_H

/* Frequency of the timer (SysTick and the cycle counter), which is the core's clock, in hertz. */
#define TIMER_HZ 209000000u

/* IPCC (RM0436). The host is processor 1, this remote processor 2. */
#define MAILBOX_BASE 0x4c001000u
#define MAILBOX_RECEIVE_IRQ 103u  /* a channel from the host is occupied */
#define MAILBOX_TRANSMIT_IRQ 104u /* a channel to the host has become free */

/* Memory for data. The same numbers stand in link.ld. */
#define RAM_BASE 0x10000000u
#define RAM_SIZE 0x00040000u /* 256 KiB */

/* Where rings and buffers are by habit: the upper third of MCUSRAM. */
#define SHARED_BASE 0x10040000u
#define SHARED_SIZE 0x00020000u /* 128 KiB */

/* Where the chip has nothing: an access faults. */
#define NOTHING_BASE 0x90000000u

#endif
