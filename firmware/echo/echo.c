/*
 * echo: sends every message back to where it came from.
 *
 * The smallest useful image, and the one to start from: an endpoint, a callback, a main.
 */
#include "remote.h"
#include "trace.h"

static struct rpmsg_endpoint channel;
static uint32_t messages;

static void on_message(struct rpmsg_endpoint *endpoint, const void *data, size_t length,
                       uint32_t source)
{
  if (remote_take_shutdown_message(endpoint, data, length, source)) {
    return;
  }
  messages++;
  if ((messages & (messages - 1)) == 0) { /* 1, 2, 4, 8...: the trace buffer is small */
    trace_line("echo: message %u, %u bytes from %u", messages, (uint32_t)length, source);
  }
  if (rpmsg_send_to(endpoint, source, data, length) != RPMSG_OK) {
    trace_line("echo: message %u could not be sent back", messages);
  }
}

/* OpenAMP's echo image ends with its channel, and so does this one. */
static void on_unbind(struct rpmsg_endpoint *endpoint)
{
  trace_line("echo: host has closed %s", endpoint->name);
  remote_stop();
}

static void on_link_up(void)
{
  rpmsg_create_endpoint(&channel, "rpmsg-openamp-demo-channel", RPMSG_ADDR_ANY, on_message,
                        on_unbind);
  trace_line("echo: announced %s at %u", channel.name, channel.address);
}

int main(void)
{
  static const struct remote_app app = {.name = "echo", .on_link_up = on_link_up};
  remote_run(&app);
}
