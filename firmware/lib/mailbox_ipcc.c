#include "mailbox.h"

#include "board.h"
#include "cpu.h"
#include "interrupts.h"
#include "trap.h"

/* Registers of processor 2, and the status of the other direction. */
#define C1TOC2SR cpu_register(MAILBOX_BASE + 0x00cu) /* occupied, host to remote */
#define C2CR cpu_register(MAILBOX_BASE + 0x010u)     /* control */
#define C2MR cpu_register(MAILBOX_BASE + 0x014u)     /* mask */
#define C2SCR cpu_register(MAILBOX_BASE + 0x018u)    /* status set and clear */
#define C2TOC1SR cpu_register(MAILBOX_BASE + 0x01cu) /* occupied, remote to host */

#define CR_RXOIE (1u << 0)  /* receive-occupied interrupt enable */
#define CR_TXFIE (1u << 16) /* transmit-free interrupt enable */

#define CHANNELS 0x3fu     /* six of them */
#define TRANSMIT_SHIFT 16u /* in MR and SCR, the sending side's bits are in the high half */

static uint32_t seen;     /* channels from the host, seen and not yet taken */
static uint32_t deferred; /* channels to the host that wait until they are free */

void mailbox_init(void)
{
  *C2MR = CHANNELS << TRANSMIT_SHIFT; /* receive from all channels, wait for none to become free */
  *C2CR = CR_RXOIE | CR_TXFIE;
  interrupt_enable(MAILBOX_RECEIVE_IRQ);
  interrupt_enable(MAILBOX_TRANSMIT_IRQ);
}

static void receive(void)
{
  uint32_t occupied = *C1TOC2SR & ~*C2MR & CHANNELS;
  *C2MR |= occupied & MAILBOX_REQUESTS; /* or it would keep the hart awake until acknowledged */
  *C2SCR = occupied & ~MAILBOX_REQUESTS;
  seen |= occupied;
}

static void repeat_kicks(void)
{
  uint32_t ready = deferred & ~*C2TOC1SR;
  *C2SCR = ready << TRANSMIT_SHIFT;
  *C2MR |= ready << TRANSMIT_SHIFT;
  deferred &= ~ready;
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

bool mailbox_seen(uint32_t channels)
{
  return (seen & channels) != 0;
}

bool mailbox_take(uint32_t channels)
{
  bool result = mailbox_seen(channels);
  seen &= ~channels;
  return result;
}

void mailbox_acknowledge(uint32_t request)
{
  cpu_fence(); /* all that was done for it is visible first */
  seen &= ~request;
  *C2SCR = request;
  *C2MR &= ~request;
}

static uint32_t channel_of(uint32_t notify_id)
{
  static const uint8_t channels[] = {
      MAILBOX_VRING_0,
      MAILBOX_VRING_1,
      MAILBOX_VRING_2,
      MAILBOX_VRING_3,
  };
  if (notify_id >= sizeof channels) {
    panic("a notify id without a mailbox channel", FAIL_PROTOCOL);
  }
  return channels[notify_id];
}

void mailbox_kick(uint32_t notify_id)
{
  uint32_t channel = channel_of(notify_id);
  cpu_fence(); /* the rings are written before the doorbell rings */
  if ((*C2TOC1SR & channel) == 0) {
    *C2SCR = channel << TRANSMIT_SHIFT;
    return;
  }
  deferred |= channel;
  *C2MR &= ~(channel << TRANSMIT_SHIFT); /* wake when it is free */
}
