/*
 * The RPMsg device, driven as its host drives it: queue 0 brings messages from the remote into
 * buffers of this image, queue 1 takes messages to it.
 * Source: Linux drivers/rpmsg/virtio_rpmsg_bus.c and include/linux/rpmsg/ns.h.
 */
#include "devices.h"
#include "resource_table.h"
#include "rpmsg.h"
#include "string.h"
#include "virtio_mmio.h"

#define FROM_REMOTE 0u
#define TO_REMOTE 1u
#define BUFFERS 4u
#define BUFFER_SIZE 512u
#define OUR_ADDRESS RPMSG_FIRST_ADDR

struct buffer {
  struct rpmsg_header header;
  uint8_t payload[BUFFER_SIZE - sizeof(struct rpmsg_header)];
};

static struct virtio_mmio_device device;
static bool there;
static struct buffer received[BUFFERS];
static struct buffer sent;
static uint32_t remote = RPMSG_ADDR_ANY;

bool rpmsg_host_open(void)
{
  there = virtio_mmio_find(&device, VIRTIO_ID_RPMSG) &&
          virtio_mmio_start(&device, VIRTIO_RPMSG_F_NS, 2);
  if (there) {
    for (uint32_t id = 0; id < BUFFERS; id++) {
      virtio_mmio_offer(&device, FROM_REMOTE, id, &received[id], BUFFER_SIZE, true);
    }
    virtio_mmio_ready(&device);
  }
  return there;
}

static void on_name_service(const struct rpmsg_ns_message *message)
{
  size_t length = 0;
  while (length < RPMSG_NAME_SIZE && message->name[length] != '\0') {
    length++;
  }
  bool gone = (message->flags & RPMSG_NS_DESTROY) != 0;
  remote = gone ? RPMSG_ADDR_ANY : message->addr;
  console_print("rpmsg: ");
  console_print_bytes(message->name, length);
  console_print(gone ? " is gone\n" : " is announced\n");
}

/* `length` bytes were written into the buffer: what its header says is only believed within them. */
static void on_message(const struct buffer *buffer, uint32_t length)
{
  if (length < sizeof buffer->header || buffer->header.len > length - sizeof buffer->header) {
    console_print("rpmsg: a message is longer than its buffer\n");
  } else if (buffer->header.dst != RPMSG_NS_ADDR) {
    console_print("rpmsg: ");
    console_print_bytes(buffer->payload, buffer->header.len);
    console_print("\n");
  } else if (buffer->header.len == sizeof(struct rpmsg_ns_message)) {
    on_name_service((const void *)buffer->payload);
  }
}

void rpmsg_host_serve(void)
{
  uint32_t id;
  uint32_t written;
  while (there && virtio_mmio_take(&device, FROM_REMOTE, &id, &written)) {
    on_message(&received[id], written < BUFFER_SIZE ? written : BUFFER_SIZE);
    virtio_mmio_offer(&device, FROM_REMOTE, id, &received[id], BUFFER_SIZE, true);
  }
}

void rpmsg_host_send(const void *data, size_t length)
{
  if (remote == RPMSG_ADDR_ANY || length > sizeof sent.payload) {
    console_print("rpmsg: nobody is announced\n");
    return;
  }
  sent.header = (struct rpmsg_header){
      .src = OUR_ADDRESS, .dst = remote, .len = (uint16_t)length};
  memcpy(sent.payload, data, length);
  virtio_mmio_offer(&device, TO_REMOTE, 0, &sent, sizeof sent.header + length, false);
  uint32_t id;
  uint32_t written;
  while (!virtio_mmio_take(&device, TO_REMOTE, &id, &written)) {
    devices_wait();
  }
}

void rpmsg_host_take_interrupt(void)
{
  if (there) {
    virtio_mmio_take_interrupt(&device);
  }
}
