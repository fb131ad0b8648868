/*
 * virtio-console: a driver for the virtio devices that the host puts into the board's virtio-mmio
 * slots, of version 1 or 2. It has no channels: everything is said on the console.
 *
 *   size          the size of the console
 *   entropy N     N random bytes (at most 32), in hexadecimal
 *   rpmsg TEXT    sends TEXT to the RPMsg service that was announced last; what it sends is printed
 *   lie           gives the console a buffer that lies nowhere
 *   off           powers the board off
 *
 * Any other line is sent back. Fails with 1 where there is no console, with 2 where it does not come
 * back after a reset. Runs on any RISC-V `virt` machine that has a console.
 */
#include "devices.h"
#include "finisher.h"
#include "string.h"
#include "text.h"
#include "trace.h"
#include "virtio_mmio.h"

#define RPMSG_COMMAND "rpmsg "

void devices_wait(void)
{
  virtio_mmio_sleep();
  entropy_take_interrupt();
  rpmsg_host_take_interrupt();
  console_take_interrupt();
}

static void obey(const char *line, size_t length)
{
  uint32_t number;
  size_t prefix = strlen(RPMSG_COMMAND);
  if (text_is(line, length, "size")) {
    console_print_size();
  } else if (text_is_with_number(line, length, "entropy", &number)) {
    entropy_print(number);
  } else if (text_is(line, length, "lie")) {
    console_lie();
  } else if (text_is(line, length, "off")) {
    console_print("bye\n");
    finisher_pass();
  } else if (length > prefix && memcmp(line, RPMSG_COMMAND, prefix) == 0) {
    rpmsg_host_send(line + prefix, length - prefix - (line[length - 1] == '\n'));
  } else {
    console_print_bytes(line, length);
  }
}

int main(void)
{
  if (!console_open()) {
    trace_line("virtio-console: there is no console");
    finisher_fail(1);
  }
  console_print("console on virtio-mmio version ");
  console_print_number(console_version());
  console_print(entropy_open() ? "\nentropy: ready\n" : "\nentropy: there is no device\n");
  rpmsg_host_open();
  for (;;) {
    char line[256];
    size_t length = console_read_line(line, sizeof line);
    rpmsg_host_serve();
    console_tell_news();
    if (length > 0) {
      obey(line, length);
    } else {
      devices_wait();
    }
  }
}
