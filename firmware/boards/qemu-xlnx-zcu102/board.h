/*
 * The first Cortex-R5 of QEMU's machine `xlnx-zcu102`, as docs/qemu.md has it: doorbells are bytes on
 * the second UART, and code, data and shared memory are in the DDR memory.
 */
#ifndef BOARD_H
#define BOARD_H

/* The UART that carries the doorbells, one of Cadence's. Its interrupt reaches the other cores only. */
#define MAILBOX_BASE 0xff010000u
#define MAILBOX_RECEIVE_IRQ 54u

/* Shared memory: the host puts rings and buffers here, unless the resource table says otherwise. */
#define SHARED_BASE 0x02000000u
#define SHARED_SIZE 0x00800000u /* 8 MiB */

/* RAM: images are linked at its start. The same numbers stand in link.ld. */
#define RAM_BASE 0x00000000u
#define RAM_SIZE 0x02000000u /* 32 MiB */

/* Where the machine has nothing. QEMU reads zeros there on this machine, instead of a fault. */
#define NOTHING_BASE 0x90000000u

#endif
