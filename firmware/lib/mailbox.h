/*
 * The mailbox: doorbells between host and remote, with the registers of ST's IPCC
 * (STM32MP15 reference manual RM0436, chapter "Inter-processor communication controller").
 *
 * Six channels in each direction, each one bit: occupied or free. The sender occupies, the receiver
 * frees. What a channel means is agreed in docs/boards/virt-rv32.md, "Mailbox".
 */
#ifndef MAILBOX_H
#define MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

/* Channels, as bits; channel 1 is bit 0. */
#define MAILBOX_VRING_0 (1u << 0)  /* notify id 0, both directions */
#define MAILBOX_VRING_1 (1u << 1)  /* notify id 1, both directions */
#define MAILBOX_SHUTDOWN (1u << 2) /* host to remote: stop; freed by the remote when it has stopped */
#define MAILBOX_DETACH (1u << 3)   /* host to remote: the host goes; freed when that is understood */
#define MAILBOX_VRING_2 (1u << 4)  /* notify id 2, both directions */
#define MAILBOX_VRING_3 (1u << 5)  /* notify id 3, both directions */

/* Requests stay occupied until they are acknowledged; all other channels are freed when seen. */
#define MAILBOX_REQUESTS (MAILBOX_SHUTDOWN | MAILBOX_DETACH)
#define MAILBOX_KICKS (MAILBOX_VRING_0 | MAILBOX_VRING_1 | MAILBOX_VRING_2 | MAILBOX_VRING_3)

/* Lets the mailbox wake the hart. */
void mailbox_init(void);

/*
 * Looks at the mailbox: frees the channels of the host's kicks and remembers them, remembers
 * requests, repeats kicks of ours that had to wait. Call it after each sleep, and look at the rings
 * after it: a kick that comes later occupies its channel again, and the next sleep returns at once.
 */
void mailbox_serve(void);

/* Sleeps until the mailbox has something, leaving other interrupts for later, and serves it. */
void mailbox_sleep(void);

/* True if one of `channels` has been seen and not been taken yet. */
bool mailbox_seen(uint32_t channels);

/* The same, and forgets them. */
bool mailbox_take(uint32_t channels);

/* Frees the channel of a request (MAILBOX_SHUTDOWN or MAILBOX_DETACH): it has been carried out. */
void mailbox_acknowledge(uint32_t request);

/*
 * Kicks the host for a notify id (0 to 3). While the host has not yet freed the channel of an
 * earlier kick, the new one is kept and repeated once it has: a host that frees the channel after
 * it has looked at its rings would otherwise miss it.
 */
void mailbox_kick(uint32_t notify_id);

#endif
