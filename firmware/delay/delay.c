/*
 * delay: waits in the loops that drivers of vendors wait in, of which nothing comes but time.
 *
 * Text on the channel `delay`:
 *   "register N"  counts N down to 0 in a register
 *   "stack N"     counts up to N in a volatile variable
 * Each is sent back when that is done; everything else is sent back at once.
 */
#include "remote.h"
#include "text.h"

static struct rpmsg_endpoint channel;

__attribute__((noinline)) static void count_in_register(uint32_t rounds)
{
  for (; rounds > 0; rounds--) {
    __asm__ volatile("nop");
  }
}

__attribute__((noinline)) static void count_on_stack(uint32_t rounds)
{
  for (volatile uint32_t i = 0; i < rounds; i++) {
    __asm__ volatile("nop");
  }
}

static void on_message(struct rpmsg_endpoint *endpoint, const void *data, size_t length,
                       uint32_t source)
{
  uint32_t rounds;
  if (remote_take_shutdown_message(endpoint, data, length, source)) {
    return;
  }
  if (text_is_with_number(data, length, "register", &rounds)) {
    count_in_register(rounds);
  } else if (text_is_with_number(data, length, "stack", &rounds)) {
    count_on_stack(rounds);
  }
  rpmsg_send_to(endpoint, source, data, length);
}

static void on_link_up(void)
{
  rpmsg_create_endpoint(&channel, "delay", RPMSG_ADDR_ANY, on_message, NULL);
}

int main(void)
{
  static const struct remote_app app = {.name = "delay", .on_link_up = on_link_up};
  remote_run(&app);
}
