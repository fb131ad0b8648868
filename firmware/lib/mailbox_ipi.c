/*
 * Doorbells through the inter-processor interrupts of AMD's Zynq UltraScale+.
 * Source: register reference UG1087, module IPI. An interrupt says who interrupts, and no more: each kick
 * is one of every ring. For the host's requests two agents of the programmable logic stand in, as
 * docs/boards/zynqmp-r5.md has it.
 */
#include "board.h"
#include "cpu.h"
#include "interrupts.h"
#include "mailbox.h"

#define TRIG cpu_register(MAILBOX_BASE + 0x00u) /* interrupts other agents */
#define ISR cpu_register(MAILBOX_BASE + 0x10u)  /* who interrupts; written 1 it is cleared */
#define IER cpu_register(MAILBOX_BASE + 0x18u)  /* lets agents through */
#define IDR cpu_register(MAILBOX_BASE + 0x1cu)  /* holds them back */

/* Agents, as bits. */
#define AGENT_HOST (1u << 0) /* the application processors */
#define AGENT_SHUTDOWN (1u << 25)
#define AGENT_DETACH (1u << 26)

static uint32_t seen; /* channels from the host, seen and not yet taken */

void mailbox_init(void)
{
  *IER = AGENT_HOST | AGENT_SHUTDOWN | AGENT_DETACH;
  interrupt_enable(MAILBOX_RECEIVE_IRQ);
}

static void receive(void)
{
  uint32_t agents = *ISR;
  if (agents & AGENT_HOST) {
    *ISR = AGENT_HOST; /* first: a kick that comes from now on is a new interrupt */
    seen |= MAILBOX_KICKS;
  }
  if (agents & AGENT_SHUTDOWN) {
    seen |= MAILBOX_SHUTDOWN;
  }
  if (agents & AGENT_DETACH) {
    seen |= MAILBOX_DETACH;
  }
  /* Requests stay until they are acknowledged, and would keep the core awake until then. */
  *IDR = agents & (AGENT_SHUTDOWN | AGENT_DETACH);
}

void mailbox_serve(void)
{
  uint32_t source;
  while ((source = interrupt_claim()) != 0) {
    receive();
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
  uint32_t agent = request == MAILBOX_SHUTDOWN ? AGENT_SHUTDOWN : AGENT_DETACH;
  seen &= ~request;
  *ISR = agent;
  *IER = agent;
}

void mailbox_kick(uint32_t notify_id)
{
  (void)notify_id;
  cpu_fence(); /* what was written to the rings is there before the host looks */
  *TRIG = AGENT_HOST;
}
