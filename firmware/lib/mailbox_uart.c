/*
 * Doorbells over a UART, for machines that have no mailbox: QEMU's.
 * Source: docs/qemu.md, "Doorbells". A byte with bit 7 set is one or more channels, as bits, in either
 * direction; a request that is sent back is acknowledged.
 */
#include "board.h"
#include "cpu.h"
#include "interrupts.h"
#include "mailbox.h"
#include "trap.h"
#include "uart.h"

#define DOORBELL 0x80u /* a byte without it is text */

static uint32_t seen; /* channels from the host, seen and not yet taken */

void mailbox_init(void)
{
  uart_init();
  interrupt_enable(MAILBOX_RECEIVE_IRQ);
}

void mailbox_serve(void)
{
  uint32_t source;
  uint8_t byte;
  do {
    source = interrupt_claim();
    if (source != 0) {
      interrupt_complete(source); /* first: a byte that comes from now on is a new interrupt */
    }
    while (uart_read(&byte)) {
      if (byte & DOORBELL) {
        seen |= byte & ~DOORBELL;
      }
    }
  } while (source != 0);
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

static void ring(uint32_t channel)
{
  cpu_fence(); /* all that it is about is visible first */
  uart_write((uint8_t)(DOORBELL | channel));
}

void mailbox_acknowledge(uint32_t request)
{
  seen &= ~request;
  ring(request);
}

void mailbox_kick(uint32_t notify_id)
{
  static const uint8_t channels[] = {MAILBOX_VRING_0, MAILBOX_VRING_1, MAILBOX_VRING_2,
                                     MAILBOX_VRING_3};
  if (notify_id >= sizeof channels) {
    panic("a notify id without a mailbox channel", FAIL_PROTOCOL);
  }
  ring(channels[notify_id]);
}
