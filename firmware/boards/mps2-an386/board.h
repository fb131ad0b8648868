/*
 * The board `mps2-an386`: where everything is. Described register by register in
 * docs/boards/mps2.md.
 */
#ifndef BOARD_H
#define BOARD_H

/* Frequency of the timer (SysTick and the cycle counter), which is the core's clock, in hertz. */
#define TIMER_HZ 25000000u

/* Mailbox with the registers of ST's IPCC. The host is processor 1, this remote processor 2. */
#define MAILBOX_BASE 0x48000000u

/* Interrupts of the mailbox, seen from processor 2. */
#define MAILBOX_RECEIVE_IRQ 46u  /* a channel from the host is occupied */
#define MAILBOX_TRANSMIT_IRQ 47u /* a channel to the host has become free */

/* Shared memory: the host puts rings and buffers here, unless the resource table says otherwise. */
#define SHARED_BASE 0x68000000u
#define SHARED_SIZE 0x01000000u /* 16 MiB */

/* Memory for data. The same numbers stand in link.ld. */
#define RAM_BASE 0x20000000u
#define RAM_SIZE 0x00400000u /* 4 MiB */

/* Where the board has nothing: an access faults. */
#define NOTHING_BASE 0x90000000u

#endif
