#include "heartbeat.h"

#include "rpmsg.h"

static struct rpmsg_endpoint heartbeat;

/* Without waiting: a beat that is lost for want of a buffer is one that the host misses. */
static void on_beat(struct rpmsg_endpoint *endpoint, const void *data, size_t length,
                    uint32_t source)
{
  (void)rpmsg_try_send_to(endpoint, source, data, length);
}

void heartbeat_start(void)
{
  rpmsg_create_endpoint(&heartbeat, "openamp-heartbeat", RPMSG_ADDR_ANY, on_beat, NULL);
}
