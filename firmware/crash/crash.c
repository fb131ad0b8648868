/*
 * crash: ends in every way in which a remote can end, on command.
 *
 * Text on the channel `crash`:
 *   "illegal"  executes an illegal instruction
 *   "load"     reads from an address where the board has nothing
 *   "exit"     ends without an error
 *   "fail"     ends with code 1; "fail N" with code N, 1 to 63
 *   "panic"    ends by the library's panic, as when the host breaks a rule of the rings
 *   "hang"     spins for ever with interrupts off
 * Everything else is echoed.
 */
#include "board.h"
#include "cpu.h"
#include "finisher.h"
#include "remote.h"
#include "text.h"
#include "trace.h"
#include "trap.h"

static struct rpmsg_endpoint channel;

__attribute__((noreturn)) static void hang(void)
{
  cpu_disable_interrupts();
  for (;;) {
    __asm__ volatile("");
  }
}

static void obey(const void *data, size_t length)
{
  uint32_t code;
  if (text_is(data, length, "illegal")) {
    cpu_execute_illegal_instruction();
  } else if (text_is(data, length, "load")) {
    cpu_load(NOTHING_BASE);
  } else if (text_is(data, length, "exit")) {
    finisher_pass();
  } else if (text_is(data, length, "fail")) {
    finisher_fail(1);
  } else if (text_is_with_number(data, length, "fail", &code) && code >= 1 && code <= 63) {
    finisher_fail(code);
  } else if (text_is(data, length, "panic")) {
    panic("as commanded", 2);
  } else if (text_is(data, length, "hang")) {
    hang();
  }
}

static void on_message(struct rpmsg_endpoint *endpoint, const void *data, size_t length,
                       uint32_t source)
{
  if (remote_take_shutdown_message(endpoint, data, length, source)) {
    return;
  }
  obey(data, length);
  rpmsg_send_to(endpoint, source, data, length);
}

static void on_link_up(void)
{
  rpmsg_create_endpoint(&channel, "crash", RPMSG_ADDR_ANY, on_message, NULL);
}

int main(void)
{
  static const struct remote_app app = {.name = "crash", .on_link_up = on_link_up};
  remote_run(&app);
}
