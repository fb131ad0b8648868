/*
 * Doorbells through TI's mailbox: FIFOs of words.
 * Source: AM62x technical reference manual (SPRUIV7), "Mailbox"; a kick is the notify id, and words that
 * are none of those are Linux's (drivers/remoteproc/omap_remoteproc.h, and TI's tree of it).
 */
#include "board.h"
#include "cpu.h"
#include "interrupts.h"
#include "mailbox.h"

#define NOTIFY_IDS 4u

#define MESSAGE(fifo) cpu_register(MAILBOX_BASE + 0x040u + 4u * (fifo))
#define FIFO_STATUS(fifo) cpu_register(MAILBOX_BASE + 0x080u + 4u * (fifo)) /* bit 0: full */
#define MSG_STATUS(fifo) cpu_register(MAILBOX_BASE + 0x0c0u + 4u * (fifo))  /* words in it */
#define IRQ_STATUS_CLR cpu_register(MAILBOX_BASE + 0x104u + 0x10u * MAILBOX_USER)
#define IRQ_ENABLE_SET cpu_register(MAILBOX_BASE + 0x108u + 0x10u * MAILBOX_USER)
#define IRQ_ENABLE_CLR cpu_register(MAILBOX_BASE + 0x10cu + 0x10u * MAILBOX_USER)

/* Bits of a user's interrupts. */
#define NEW_MESSAGE(fifo) (1u << 2u * (fifo))
#define NOT_FULL(fifo) (2u << 2u * (fifo))

#define RP_MBOX_ECHO_REQUEST 0xffffff03u
#define RP_MBOX_ECHO_REPLY 0xffffff04u
#define RP_MBOX_SHUTDOWN 0xffffff14u
#define RP_MBOX_SHUTDOWN_ACK 0xffffff15u

static const uint32_t channels[NOTIFY_IDS] = {MAILBOX_VRING_0, MAILBOX_VRING_1, MAILBOX_VRING_2,
                                              MAILBOX_VRING_3};

static uint32_t seen;     /* channels from the host, seen and not yet taken */
static uint32_t deferred; /* notify ids, as bits, whose kicks wait until there is room */

/* The regions through which the core reaches what is not its own: none of them lies over the rings. */
static void translate_addresses(void)
{
  static const struct {
    uint32_t local;
    uint32_t system;
    uint32_t bits;
  } regions[] = {RAT_REGIONS};
  for (uint32_t n = 0; n < sizeof regions / sizeof regions[0]; n++) {
    uint32_t registers = RAT_BASE + 0x20u + 0x10u * n;
    *cpu_register(registers) = 0; /* RAT_CTRL: off, while it changes */
    *cpu_register(registers + 0x4u) = regions[n].local;
    *cpu_register(registers + 0x8u) = regions[n].system;
    *cpu_register(registers + 0xcu) = 0;
    *cpu_register(registers) = 1u << 31 | regions[n].bits;
  }
  cpu_fence();
}

void mailbox_init(void)
{
  translate_addresses();
  *IRQ_ENABLE_SET = NEW_MESSAGE(MAILBOX_RECEIVE_FIFO);
  interrupt_enable(MAILBOX_RECEIVE_IRQ);
}

static void send(uint32_t word)
{
  while (*FIFO_STATUS(MAILBOX_TRANSMIT_FIFO) & 1u) {
    /* the host takes each word at once */
  }
  *MESSAGE(MAILBOX_TRANSMIT_FIFO) = word;
}

static void receive(void)
{
  while (*MSG_STATUS(MAILBOX_RECEIVE_FIFO) != 0) {
    uint32_t word = *MESSAGE(MAILBOX_RECEIVE_FIFO);
    if (word < NOTIFY_IDS) {
      seen |= channels[word];
    } else if (word == RP_MBOX_SHUTDOWN) {
      seen |= MAILBOX_SHUTDOWN;
    } else if (word == RP_MBOX_ECHO_REQUEST) {
      send(RP_MBOX_ECHO_REPLY);
    }
  }
  *IRQ_STATUS_CLR = NEW_MESSAGE(MAILBOX_RECEIVE_FIFO);
}

static void repeat_kicks(void)
{
  for (uint32_t id = 0; id < NOTIFY_IDS; id++) {
    if ((deferred & 1u << id) && (*FIFO_STATUS(MAILBOX_TRANSMIT_FIFO) & 1u) == 0) {
      deferred &= ~(1u << id);
      *MESSAGE(MAILBOX_TRANSMIT_FIFO) = id;
    }
  }
  if (deferred == 0) {
    *IRQ_ENABLE_CLR = NOT_FULL(MAILBOX_TRANSMIT_FIFO);
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
  cpu_fence(); /* all that was done for it is visible first */
  seen &= ~request;
  if (request == MAILBOX_SHUTDOWN) {
    send(RP_MBOX_SHUTDOWN_ACK);
  }
}

void mailbox_kick(uint32_t notify_id)
{
  cpu_fence(); /* the rings are written before the doorbell rings */
  deferred |= 1u << notify_id;
  *IRQ_ENABLE_SET = NOT_FULL(MAILBOX_TRANSMIT_FIFO);
  repeat_kicks();
}
