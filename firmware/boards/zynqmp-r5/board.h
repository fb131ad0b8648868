/* One Cortex-R5 of AMD's Zynq UltraScale+, as docs/boards/zynqmp-r5.md has it. */
#ifndef BOARD_H
#define BOARD_H

/* Frequency of the triple timer counter, in hertz. */
#define TIMER_HZ 100000000u

/* The first triple timer counter, and the interrupt of its first counter. */
#define TIMER_BASE 0xff110000u
#define TIMER_IRQ 68u

/* The RPU's agent of the inter-processor interrupts. */
#define MAILBOX_BASE 0xff310000u
#define MAILBOX_RECEIVE_IRQ 65u

/* The interrupt controller: distributor, and the core's interface to it. */
#define GIC_BASE 0xf9000000u
#define GIC_INTERFACE 0xf9001000u

/* DDR memory that OpenAMP's device tree leaves to images. The same numbers stand in link.ld. */
#define RAM_BASE 0x3ed00000u
#define RAM_SIZE 0x00040000u /* 256 KiB */

/* Where rings and buffers are by habit: behind it. */
#define SHARED_BASE 0x3ed40000u
#define SHARED_SIZE 0x001c0000u

/* Where the chip has nothing: an access faults. */
#define NOTHING_BASE 0x90000000u

#endif
