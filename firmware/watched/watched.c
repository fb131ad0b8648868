/*
 * watched: shows the host that it is alive, until it is told to hang.
 *
 * Text on the channel `watched`:
 *   "hang"   spins for ever, with its run loop stopped: only a watchdog or a heartbeat can tell
 *   "doze"   sleeps for ever, deaf to the host: only a heartbeat can tell
 * Everything else is echoed.
 */
#include "cpu.h"
#include "heartbeat.h"
#include "remote.h"
#include "text.h"

static struct rpmsg_endpoint channel;

__attribute__((noreturn, noinline)) static void spin(void)
{
  for (;;) {
    __asm__ volatile("");
  }
}

static void on_message(struct rpmsg_endpoint *endpoint, const void *data, size_t length,
                       uint32_t source)
{
  if (remote_take_shutdown_message(endpoint, data, length, source)) {
    return;
  }
  if (text_is(data, length, "hang")) {
    spin();
  }
  if (text_is(data, length, "doze")) {
    cpu_halt();
  }
  rpmsg_send_to(endpoint, source, data, length);
}

static void on_link_up(void)
{
  rpmsg_create_endpoint(&channel, "watched", RPMSG_ADDR_ANY, on_message, NULL);
  heartbeat_start();
}

int main(void)
{
  static const struct remote_app app = {.name = "watched", .on_link_up = on_link_up};
  remote_run(&app);
}
