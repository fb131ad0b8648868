#include "virtqueue.h"

#include <stddef.h>

#include "board.h"
#include "cpu.h"
#include "mailbox.h"

/* End of the image in RAM, from link.ld: below it the host has no business. */
extern uint8_t __image_end[];

const char *virtqueue_error = "none";

static enum virtqueue_result broken(const char *reason)
{
  virtqueue_error = reason;
  return VIRTQUEUE_BROKEN;
}

static bool is_power_of_2(uint32_t number)
{
  return number != 0 && (number & (number - 1)) == 0;
}

static bool is_within(uint64_t address, uint32_t length, uint32_t base, uint32_t end)
{
  return address >= base && address <= end && length <= end - address;
}

bool memory_is_shared(uint64_t address, uint32_t length)
{
  return is_within(address, length, SHARED_BASE, SHARED_BASE + SHARED_SIZE) ||
         is_within(address, length, (uint32_t)(uintptr_t)__image_end, RAM_BASE + RAM_SIZE);
}

/* Bytes from the start of the ring to the used ring: descriptors, available ring, padding. */
static uint32_t used_offset(uint32_t num, uint32_t align)
{
  uint32_t avail_end = (uint32_t)(num * sizeof(struct vring_desc) + sizeof(struct vring_avail) +
                                  num * sizeof(uint16_t) + sizeof(uint16_t));
  return (avail_end + align - 1) & ~(align - 1);
}

uint32_t vring_size(uint32_t num, uint32_t align)
{
  return (uint32_t)(used_offset(num, align) + sizeof(struct vring_used) +
                    num * sizeof(struct vring_used_elem) + sizeof(uint16_t));
}

enum virtqueue_result virtqueue_init(struct virtqueue *queue, uint32_t address, uint32_t num,
                                     uint32_t align)
{
  if (!is_power_of_2(num) || num > 32768) {
    return broken("a ring's size is not a power of 2 up to 32768");
  }
  if (!is_power_of_2(align) || align < 4 || align > 65536) {
    return broken("a ring's alignment is not a power of 2 from 4 to 65536");
  }
  if (address % 8 != 0 || !memory_is_shared(address, vring_size(num, align))) {
    return broken("a ring is misplaced");
  }
  queue->num = num;
  uintptr_t place = address;
  queue->desc = (volatile struct vring_desc *)place;
  queue->avail = (volatile struct vring_avail *)(place + num * sizeof(struct vring_desc));
  queue->used = (volatile struct vring_used *)(place + used_offset(num, align));
  queue->next = 0;
  queue->given = 0;
  queue->kick_due = false;
  return VIRTQUEUE_READY;
}

bool virtqueue_was_reset(const struct virtqueue *queue)
{
  return queue->used->idx != queue->given;
}

/* Number of buffers that have been taken and not given back. */
static uint16_t out(const struct virtqueue *queue)
{
  return (uint16_t)(queue->next - queue->given);
}

/* Number of buffers available, as the host says. */
static uint16_t available(const struct virtqueue *queue)
{
  return (uint16_t)(queue->avail->idx - queue->next);
}

enum virtqueue_result virtqueue_peek(const struct virtqueue *queue, struct virtqueue_buffer *buffer)
{
  uint16_t count = available(queue);
  if (count == 0) {
    return VIRTQUEUE_EMPTY;
  }
  if (count + out(queue) > queue->num) {
    return broken("more buffers available than the ring has");
  }
  cpu_fence(); /* the index is read before what it covers */

  uint16_t id = queue->avail->ring[queue->next & (queue->num - 1)];
  if (id >= queue->num) {
    return broken("a descriptor beyond the end of the table");
  }
  uint64_t address = queue->desc[id].addr;
  uint32_t length = queue->desc[id].len;
  uint16_t flags = queue->desc[id].flags;
  if ((flags & (VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT)) != 0) {
    return broken("a chained or indirect descriptor");
  }
  if (queue->device_writes && (flags & VRING_DESC_F_WRITE) == 0) {
    return broken("a read-only buffer in a ring of buffers to write");
  }
  if (!memory_is_shared(address, length)) {
    return broken("a buffer outside the shared memory");
  }
  buffer->data = (uint8_t *)(uintptr_t)address;
  buffer->length = length;
  buffer->id = id;
  return VIRTQUEUE_READY;
}

void virtqueue_take(struct virtqueue *queue)
{
  queue->next++;
}

void virtqueue_give(struct virtqueue *queue, const struct virtqueue_buffer *buffer, uint32_t length)
{
  volatile struct vring_used_elem *element = &queue->used->ring[queue->given & (queue->num - 1)];
  element->id = buffer->id;
  element->len = length;
  cpu_fence(); /* buffer and element are written before the index that covers them */
  queue->given++;
  queue->used->idx = queue->given;
  queue->kick_due = true;
}

void virtqueue_flush(struct virtqueue *queue)
{
  if (!queue->kick_due) {
    return;
  }
  queue->kick_due = false;
  cpu_fence(); /* the index is written before the flag is read, or both sides might sleep */
  if ((queue->avail->flags & VRING_AVAIL_F_NO_INTERRUPT) == 0) {
    mailbox_kick(queue->notify_id);
  }
}

void virtqueue_suppress_kicks(struct virtqueue *queue)
{
  queue->used->flags = VRING_USED_F_NO_NOTIFY;
}

bool virtqueue_allow_kicks(struct virtqueue *queue)
{
  queue->used->flags = 0;
  cpu_fence(); /* the flag is written before the index is read, or both sides might sleep */
  return available(queue) != 0;
}
