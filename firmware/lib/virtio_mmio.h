/*
 * Virtio devices in the board's virtio-mmio slots, seen from the driver side: this image owns the
 * buffers, the device behind the registers reads and fills them.
 * Source: virtio 1.2, "Virtio Over MMIO" (version 2) and "Legacy interface" (version 1).
 *
 * Buffers are single descriptors. The device is not trusted with more than it is given: what it
 * returns is checked, and ends the image if it is not its own.
 */
#ifndef VIRTIO_MMIO_H
#define VIRTIO_MMIO_H

#include <stdbool.h>
#include <stdint.h>

#include "virtqueue.h"

#define VIRTIO_ID_CONSOLE 3u
#define VIRTIO_ID_ENTROPY 4u

#define VIRTIO_MMIO_QUEUES 2u       /* queues of a device that are used */
#define VIRTIO_MMIO_QUEUE_SIZE 16u  /* buffers in a queue at most */

/* A ring in memory, on pages of its own: descriptors and available ring, then the used ring. */
#define VIRTIO_MMIO_PAGE 4096u

struct virtio_mmio_queue {
  _Alignas(VIRTIO_MMIO_PAGE) uint8_t memory[2 * VIRTIO_MMIO_PAGE];
  uint32_t num;
  volatile struct vring_desc *desc;
  volatile struct vring_avail *avail;
  volatile struct vring_used *used;
  uint16_t avail_index; /* free running */
  uint16_t used_index;  /* free running */
  uint32_t in_flight;   /* a bit for each descriptor that the device has */
};

struct virtio_mmio_device {
  uint32_t base;    /* address of the registers */
  uint32_t source;  /* of the PLIC */
  uint32_t version; /* 1 or 2 */
  uint64_t features; /* that both have */
  struct virtio_mmio_queue queues[VIRTIO_MMIO_QUEUES];
};

/* What an interrupt was for. */
#define VIRTIO_MMIO_INT_VRING 1u  /* buffers have been used */
#define VIRTIO_MMIO_INT_CONFIG 2u /* the configuration has changed, or the device needs a reset */

/* Looks for a device of this id in all slots. */
bool virtio_mmio_find(struct virtio_mmio_device *device, uint32_t id);

/*
 * Resets the device, agrees on those of `features` (its own, bits 0 to 23) that it has, and sets up
 * `queues` empty queues. False if it refuses. It works from virtio_mmio_ready on.
 */
bool virtio_mmio_start(struct virtio_mmio_device *device, uint32_t features, uint32_t queues);
void virtio_mmio_ready(struct virtio_mmio_device *device);

/* True if the device cannot go on before it is started anew. */
bool virtio_mmio_needs_reset(const struct virtio_mmio_device *device);

/* Takes and acknowledges what the device has interrupted for. */
uint32_t virtio_mmio_take_interrupt(const struct virtio_mmio_device *device);

/* 16 bits of the configuration, as they were at one time with the 16 bits after them. */
void virtio_mmio_read_pair(const struct virtio_mmio_device *device, uint32_t offset,
                           uint16_t pair[2]);

/* Gives buffer `id` (0 to num - 1) of queue `queue` to the device, and tells it. */
void virtio_mmio_offer(struct virtio_mmio_device *device, uint32_t queue, uint32_t id,
                       const void *data, uint32_t length, bool device_writes);

/* Takes a buffer back that the device has used; `written` bytes are in it. False if there is none. */
bool virtio_mmio_take(struct virtio_mmio_device *device, uint32_t queue, uint32_t *id,
                      uint32_t *written);

/*
 * Sleeps until a started device interrupts. The caller takes the interrupts of all its devices before
 * it looks at their queues, and before it sleeps again.
 */
void virtio_mmio_sleep(void);

#endif
