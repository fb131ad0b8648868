/*
 * rpmsg-lite: an echo as remotes on RPMsg-Lite are, which know no resource table.
 *
 * Host and remote are built with the same numbers: where the shared memory begins, how many buffers
 * there are, how the rings are aligned. The host's first kick of vring 0 says that the rings are set
 * up; no status is read. Announces `rpmsg-lite-echo` and sends every message back to its sender. Ends
 * on a request to shut down in the mailbox.
 *
 * Source of layout and habits: RPMsg-Lite 5, rpmsg_lite.c and the rpmsg_platform.h of i.MX.
 */
#include <stddef.h>
#include <stdint.h>

#include "board.h"
#include "cpu.h"
#include "mailbox.h"
#include "rpmsg.h"
#include "string.h"
#include "trap.h"
#include "virtqueue.h"

/* Shared memory: vring 0, vring 1, then the buffers of each. The names are RPMsg-Lite's. */
#define SHMEM_BASE SHARED_BASE
#define RL_BUFFER_COUNT 16u
#define VRING_ALIGN 0x1000u
#define VRING_SIZE 0x8000u

#define ADDRESS 30u /* of the one endpoint; RPMsg-Lite leaves addresses to the application */

/*
 * The linker script asks for a resource table; this one is empty and in no section that a host
 * would look for.
 */
extern const uint32_t resource_table;
const uint32_t resource_table = 0;

static struct virtqueue transmit; /* vring 0: remote to host */
static struct virtqueue receive;  /* vring 1: host to remote */
static bool link_up;

static void open_queue(struct virtqueue *queue, uint32_t index)
{
  uint32_t address = SHMEM_BASE + index * VRING_SIZE;
  if (virtqueue_init(queue, address, RL_BUFFER_COUNT, VRING_ALIGN) == VIRTQUEUE_BROKEN) {
    panic(virtqueue_error, FAIL_PROTOCOL);
  }
  queue->notify_id = index;
  queue->device_writes = index == 0;
}

/* A host has set the rings up anew: the used indices, which only this side writes, are others. */
static bool rings_were_reset(void)
{
  return virtqueue_was_reset(&transmit) || virtqueue_was_reset(&receive);
}

/* The buffer at the head of a ring, if there is one. A host that begins anew is no broken one. */
static bool look(const struct virtqueue *queue, struct virtqueue_buffer *buffer)
{
  enum virtqueue_result result = virtqueue_peek(queue, buffer);
  if (result == VIRTQUEUE_BROKEN && !rings_were_reset()) {
    panic(virtqueue_error, FAIL_PROTOCOL);
  }
  return result == VIRTQUEUE_READY;
}

/*
 * Sends one message and kicks, whatever avail.flags say: RPMsg-Lite's master sets NO_INTERRUPT and
 * needs the kick. The used ring gets the length of the whole buffer. False where no buffer is free.
 */
static bool send(uint32_t destination, const void *data, size_t length)
{
  struct virtqueue_buffer buffer;
  if (!look(&transmit, &buffer)) {
    return false;
  }
  struct rpmsg_header header = {.src = ADDRESS, .dst = destination, .len = (uint16_t)length};
  if (sizeof header + length > buffer.length) {
    panic("a transmit buffer is shorter than a receive buffer", FAIL_PROTOCOL);
  }
  memcpy(buffer.data, &header, sizeof header);
  memcpy(buffer.data + sizeof header, data, length);
  virtqueue_take(&transmit);
  virtqueue_give(&transmit, &buffer, buffer.length);
  cpu_fence(); /* the index is written before the host looks */
  mailbox_kick(transmit.notify_id);
  return true;
}

static void announce(void)
{
  static const struct rpmsg_ns_message message = {
      .name = "rpmsg-lite-echo", .addr = ADDRESS, .flags = RPMSG_NS_CREATE};
  if (!send(RPMSG_NS_ADDR, &message, sizeof message)) {
    panic("the host has given no buffers", FAIL_PROTOCOL);
  }
}

/* The first kick of vring 0 is the news of the host; after that, rings that begin anew are. */
static void follow_host(void)
{
  bool kicked = mailbox_take(MAILBOX_VRING_0);
  mailbox_take(MAILBOX_KICKS);
  if (link_up && rings_were_reset()) {
    link_up = false;
  }
  if (!link_up && kicked) {
    link_up = true;
    open_queue(&transmit, 0);
    open_queue(&receive, 1);
    announce();
  }
}

/*
 * Echoes what has come. A message stays in its ring while there is no buffer for the answer: the host
 * returns those with a kick of vring 0.
 */
static void echo(void)
{
  struct virtqueue_buffer buffer;
  while (link_up && look(&receive, &buffer)) {
    struct rpmsg_header header;
    memcpy(&header, buffer.data, sizeof header);
    if (header.len > buffer.length - sizeof header) {
      panic("a message is longer than its buffer", FAIL_PROTOCOL);
    }
    if (header.dst == ADDRESS && !send(header.src, buffer.data + sizeof header, header.len)) {
      return;
    }
    if (rings_were_reset()) {
      return; /* meanwhile */
    }
    /* As RPMsg-Lite has it, the host is not told of the buffer: it looks when it needs one. */
    virtqueue_take(&receive);
    virtqueue_give(&receive, &buffer, buffer.length);
  }
}

int main(void)
{
  mailbox_init();
  while (!mailbox_seen(MAILBOX_SHUTDOWN)) {
    follow_host();
    echo();
    mailbox_sleep();
  }
  mailbox_acknowledge(MAILBOX_SHUTDOWN);
  cpu_halt();
}
