/*
 * ping-pong: answers every message with its bytes plus one, and copies none of them: a message is held
 * where the host has put it, and the answer made from it in another buffer of the host's.
 */
#include "remote.h"
#include "trace.h"

#define HELD_MAX 16u /* as many as the ring has buffers */

static struct rpmsg_endpoint channel;

/* Messages that have come and are not answered yet, in order. */
static struct {
  struct rpmsg_buffer message;
  uint32_t source;
} held[HELD_MAX];
static uint32_t first; /* free running */
static uint32_t count;
static uint32_t answered;

static void on_message(struct rpmsg_endpoint *endpoint, const void *data, size_t length,
                       uint32_t source)
{
  if (remote_take_shutdown_message(endpoint, data, length, source)) {
    return;
  }
  if (count == HELD_MAX) {
    trace_line("ping-pong: a message was dropped");
    return;
  }
  uint32_t last = (first + count++) % HELD_MAX;
  rpmsg_hold_rx_buffer(&held[last].message);
  held[last].source = source;
}

static void fill(const struct rpmsg_buffer *to, const struct rpmsg_buffer *from)
{
  for (size_t i = 0; i < from->length; i++) {
    to->data[i] = (uint8_t)(from->data[i] + 1);
  }
}

static void answer(struct rpmsg_buffer *message, uint32_t source)
{
  struct rpmsg_buffer reply;
  if (rpmsg_get_tx_buffer(&reply) != RPMSG_OK) {
    return; /* the host goes */
  }
  size_t length = message->length;
  if (length > reply.length) {
    trace_line("ping-pong: %u bytes are too long an answer", (uint32_t)length);
    length = 0;
  } else {
    fill(&reply, message);
  }
  rpmsg_send_nocopy(&channel, source, &reply, length);
  answered++;
  if ((answered & (answered - 1)) == 0) { /* 1, 2, 4, 8...: the trace buffer is small */
    trace_line("ping-pong: %u answered, %u held", answered, count);
  }
}

static void on_wake(void)
{
  while (count > 0) {
    answer(&held[first].message, held[first].source);
    rpmsg_release_rx_buffer(&held[first].message);
    first = (first + 1) % HELD_MAX;
    count--;
  }
}

static void on_link_up(void)
{
  count = 0;
  rpmsg_create_endpoint(&channel, "ping-pong", RPMSG_ADDR_ANY, on_message, NULL);
}

int main(void)
{
  static const struct remote_app app = {
      .name = "ping-pong", .on_link_up = on_link_up, .on_wake = on_wake};
  remote_run(&app);
}
