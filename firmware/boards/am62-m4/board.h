/* The Cortex-M4F in the MCU domain of TI's AM62x, as docs/boards/am62-m4.md has it. */
#ifndef BOARD_H
#define BOARD_H

/* Frequency of the timer (SysTick and the cycle counter), which is the core's clock, in hertz. */
#define TIMER_HZ 400000000u

/* Address translation: main domain, peripherals from 0x20000000 on; 2^28 and 2^29 bytes. */
#define RAT_BASE 0x44200000u
#define RAT_REGIONS {0x60000000u, 0x00000000u, 28u}, {0xc0000000u, 0x20000000u, 29u}

/* Mailbox, where the translation shows it; this core is its user 2. */
#define MAILBOX_BASE 0xc9000000u
#define MAILBOX_USER 2u
#define MAILBOX_TRANSMIT_FIFO 0u
#define MAILBOX_RECEIVE_FIFO 1u
#define MAILBOX_RECEIVE_IRQ 50u

/* Memory for data. The same numbers stand in link.ld. */
#define RAM_BASE 0x00030000u
#define RAM_SIZE 0x00010000u /* 64 KiB */

/* Where rings and buffers are by habit: in DRAM that Linux leaves alone. */
#define SHARED_BASE 0x9cb00000u
#define SHARED_SIZE 0x00100000u

/* Where the chip has nothing: an access faults. */
#define NOTHING_BASE 0x50000000u

#endif
