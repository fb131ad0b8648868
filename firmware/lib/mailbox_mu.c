/*
 * Doorbells through NXP's messaging unit, side B.
 * Source: i.MX 8M reference manuals, "Messaging Unit"; a message is the number of a ring in its upper
 * half, as RPMsg-Lite and Linux's imx_rproc have it.
 */
#include "board.h"
#include "cpu.h"
#include "interrupts.h"
#include "mailbox.h"

#define CHANNEL 1u /* which of the four message registers carries kicks */
#define RING_SHIFT 16u
#define RINGS 4u

#define TR cpu_register(MAILBOX_BASE + 0x00u + 4u * CHANNEL) /* message to the host */
#define RR cpu_register(MAILBOX_BASE + 0x10u + 4u * CHANNEL) /* message from the host */
#define SR cpu_register(MAILBOX_BASE + 0x20u)                /* status */
#define CR cpu_register(MAILBOX_BASE + 0x24u)                /* control: interrupt enables */

/* Bits of SR, and of the enables in CR. */
#define RECEIVE_FULL (1u << (27u - CHANNEL))
#define TRANSMIT_EMPTY (1u << (23u - CHANNEL))
#define GENERAL_SHUTDOWN (1u << 31) /* general-purpose interrupt 0; written 1 it is cleared */
#define GENERAL_DETACH (1u << 30)   /* general-purpose interrupt 1 */

static const uint32_t channels[RINGS] = {MAILBOX_VRING_0, MAILBOX_VRING_1, MAILBOX_VRING_2,
                                         MAILBOX_VRING_3};

static uint32_t seen;     /* channels from the host, seen and not yet taken */
static uint32_t deferred; /* rings, as bits, whose kicks wait until the register is empty */

void mailbox_init(void)
{
  *CR = RECEIVE_FULL | GENERAL_SHUTDOWN | GENERAL_DETACH;
  interrupt_enable(MAILBOX_RECEIVE_IRQ);
}

static void receive(void)
{
  while (*SR & RECEIVE_FULL) {
    uint32_t ring = *RR >> RING_SHIFT;
    if (ring < RINGS) {
      seen |= channels[ring];
    }
  }
  uint32_t requests = *SR & *CR & (GENERAL_SHUTDOWN | GENERAL_DETACH);
  if (requests & GENERAL_SHUTDOWN) {
    seen |= MAILBOX_SHUTDOWN;
  }
  if (requests & GENERAL_DETACH) {
    seen |= MAILBOX_DETACH;
  }
  *CR &= ~requests; /* or they would keep the core awake until acknowledged */
}

static void repeat_kicks(void)
{
  for (uint32_t ring = 0; ring < RINGS && (*SR & TRANSMIT_EMPTY); ring++) {
    if (deferred & 1u << ring) {
      deferred &= ~(1u << ring);
      *TR = ring << RING_SHIFT;
    }
  }
  if (deferred == 0) {
    *CR &= ~TRANSMIT_EMPTY;
  }
}

void mailbox_serve(void)
{
  uint32_t source;
  while ((source = interrupt_claim()) != 0) {
    receive();
    repeat_kicks();
    interrupt_complete(source);
  }
  cpu_fence(); /* what is read from the rings now is not older than the kick */
}

void mailbox_sleep(void)
{
  cpu_sleep_without_timer();
  mailbox_serve();
}

bool mailbox_seen(uint32_t which)
{
  return (seen & which) != 0;
}

bool mailbox_take(uint32_t which)
{
  bool result = mailbox_seen(which);
  seen &= ~which;
  return result;
}

void mailbox_acknowledge(uint32_t request)
{
  uint32_t bit = request == MAILBOX_SHUTDOWN ? GENERAL_SHUTDOWN : GENERAL_DETACH;
  seen &= ~request;
  *SR = bit;
  *CR |= bit;
}

void mailbox_kick(uint32_t notify_id)
{
  cpu_fence(); /* what was written to the rings is there before the host looks */
  deferred |= 1u << notify_id;
  *CR |= TRANSMIT_EMPTY;
  repeat_kicks();
}
