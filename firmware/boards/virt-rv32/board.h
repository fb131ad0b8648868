/*
 * The board `virt-rv32`: where everything is. Described register by register in
 * docs/boards/virt-rv32.md.
 *
 * A port to another board is a copy of this folder with other numbers, plus a mailbox driver where
 * its mailbox is of another make.
 */
#ifndef BOARD_H
#define BOARD_H

/* Test finisher: a word written here ends the run. See finisher.h for the words. */
#define FINISHER_BASE 0x00100000u

/* CLINT: timer of hart 0. */
#define CLINT_BASE 0x02000000u

/* Frequency of the timer, the CLINT's `mtime` counter, in hertz. */
#define TIMER_HZ 10000000u

/* PLIC: interrupt controller; context 0 is hart 0 in machine mode. */
#define PLIC_BASE 0x0c000000u

/* Virtio-mmio slots, and the PLIC source of the first. */
#define VIRTIO_BASE 0x10001000u
#define VIRTIO_SLOT_SIZE 0x1000u
#define VIRTIO_SLOTS 8u
#define VIRTIO_IRQ 1u

/* Mailbox with the registers of ST's IPCC. The host is processor 1, this remote processor 2. */
#define MAILBOX_BASE 0x11000000u

/* PLIC sources of the mailbox, seen from processor 2. */
#define MAILBOX_RECEIVE_IRQ 36u  /* a channel from the host is occupied */
#define MAILBOX_TRANSMIT_IRQ 37u /* a channel to the host has become free */

/* Shared memory: the host puts rings and buffers here, unless the resource table says otherwise. */
#define SHARED_BASE 0x18000000u
#define SHARED_SIZE 0x01000000u /* 16 MiB */

/* RAM: images are linked and entered at its start. The same numbers stand in link.ld. */
#define RAM_BASE 0x80000000u
#define RAM_SIZE 0x02000000u /* 32 MiB */

/* Where the board has nothing: an access faults. */
#define NOTHING_BASE 0x00000000u

#endif
