/*
 * ticker: a remote with a clock, as one with an operating system is: it wakes every millisecond.
 *
 * Announces the channel `ticker` 100 ms after the host has come, then sends a counter (u32, little
 * endian, from 1) every 100 ms once the channel is bound. Messages are echoed.
 */
#include "board.h"
#include "remote.h"
#include "timer.h"
#include "trace.h"

#define TICKS_PER_ANNOUNCEMENT 100u
#define TICKS_PER_MESSAGE 100u

static struct rpmsg_endpoint channel;
static bool link_up;
static uint32_t ticks; /* since the host has come, or since the last message */
static uint32_t counter;

static void on_message(struct rpmsg_endpoint *endpoint, const void *data, size_t length,
                       uint32_t source)
{
  if (remote_take_shutdown_message(endpoint, data, length, source)) {
    return;
  }
  if (rpmsg_send_to(endpoint, source, data, length) != RPMSG_OK) {
    trace_line("ticker: a message could not be sent back");
  }
}

static void announce(void)
{
  rpmsg_create_endpoint(&channel, "ticker", RPMSG_ADDR_ANY, on_message, NULL);
  trace_line("ticker: announced at %u", channel.address);
}

/* The counter goes on if there is no buffer: the host sees the gap. */
static void send_counter(void)
{
  counter++;
  if (rpmsg_try_send(&channel, &counter, sizeof counter) != RPMSG_OK) {
    trace_line("ticker: %u was left out", counter);
  }
}

static void on_tick(void)
{
  ticks++;
  if (!channel.created && ticks == TICKS_PER_ANNOUNCEMENT) {
    announce();
    ticks = 0;
  } else if (rpmsg_is_bound(&channel) && ticks >= TICKS_PER_MESSAGE) {
    send_counter();
    ticks = 0;
  }
}

static void on_wake(void)
{
  for (uint32_t passed = timer_take_ticks(); passed > 0; passed--) {
    if (link_up) {
      on_tick();
    }
  }
}

static void on_link_up(void)
{
  link_up = true;
  ticks = 0;
  counter = 0;
}

static void on_link_down(void)
{
  link_up = false;
}

int main(void)
{
  static const struct remote_app app = {
      .name = "ticker",
      .on_link_up = on_link_up,
      .on_link_down = on_link_down,
      .on_wake = on_wake,
  };
  timer_start(TIMER_HZ / 1000);
  remote_run(&app);
}
