/*
 * QEMU's machine `virt` for RISC-V, as docs/qemu.md has it: doorbells are bytes on its UART, and the
 * upper half of its RAM is shared.
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

/* The UART that carries the doorbells, a 16550, and its PLIC source. */
#define MAILBOX_BASE 0x10000000u
#define MAILBOX_RECEIVE_IRQ 10u

/* Shared memory: the host puts rings and buffers here, unless the resource table says otherwise. */
#define SHARED_BASE 0x81000000u
#define SHARED_SIZE 0x00800000u /* 8 MiB */

/* RAM: images are linked and entered at its start. The same numbers stand in link.ld. */
#define RAM_BASE 0x80000000u
#define RAM_SIZE 0x01000000u /* 16 MiB */

/* Where the machine has nothing: an access faults. */
#define NOTHING_BASE 0x00000000u

#endif
