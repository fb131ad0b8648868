#include "virtio_mmio.h"

#include <stddef.h>

#include "board.h"
#include "cpu.h"
#include "interrupts.h"
#include "string.h"
#include "trap.h"

/* Registers of both versions. */
#define MAGIC_VALUE 0x000u
#define VERSION 0x004u
#define DEVICE_ID 0x008u
#define DEVICE_FEATURES 0x010u
#define DEVICE_FEATURES_SEL 0x014u
#define DRIVER_FEATURES 0x020u
#define DRIVER_FEATURES_SEL 0x024u
#define QUEUE_SEL 0x030u
#define QUEUE_NUM_MAX 0x034u
#define QUEUE_NUM 0x038u
#define QUEUE_NOTIFY 0x050u
#define INTERRUPT_STATUS 0x060u
#define INTERRUPT_ACK 0x064u
#define STATUS 0x070u
#define CONFIG 0x100u

/* Of version 1. */
#define GUEST_PAGE_SIZE 0x028u
#define QUEUE_ALIGN 0x03cu
#define QUEUE_PFN 0x040u

/* Of version 2; a high word follows each low one. */
#define QUEUE_READY 0x044u
#define QUEUE_DESC_LOW 0x080u
#define QUEUE_DRIVER_LOW 0x090u
#define QUEUE_DEVICE_LOW 0x0a0u
#define CONFIG_GENERATION 0x0fcu

#define MAGIC 0x74726976u /* "virt" */

#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER 2u
#define STATUS_DRIVER_OK 4u
#define STATUS_FEATURES_OK 8u
#define STATUS_NEEDS_RESET 64u
#define STATUS_FAILED 128u

/* VIRTIO_F_VERSION_1, bit 32, in the high word of the features. */
#define HIGH_VERSION_1 1u

static volatile uint32_t *reg(const struct virtio_mmio_device *device, uint32_t offset)
{
  return cpu_register(device->base + offset);
}

bool virtio_mmio_find(struct virtio_mmio_device *device, uint32_t id)
{
  for (uint32_t slot = 0; slot < VIRTIO_SLOTS; slot++) {
    device->base = VIRTIO_BASE + slot * VIRTIO_SLOT_SIZE;
    device->source = VIRTIO_IRQ + slot;
    device->version = *reg(device, VERSION);
    if (*reg(device, MAGIC_VALUE) == MAGIC && *reg(device, DEVICE_ID) == id &&
        (device->version == 1 || device->version == 2)) {
      return true;
    }
  }
  return false;
}

static void add_status(const struct virtio_mmio_device *device, uint32_t bits)
{
  *reg(device, STATUS) |= bits;
}

static uint32_t offered(const struct virtio_mmio_device *device, uint32_t word)
{
  *reg(device, DEVICE_FEATURES_SEL) = word;
  return *reg(device, DEVICE_FEATURES);
}

static void accept(const struct virtio_mmio_device *device, uint32_t word, uint32_t features)
{
  *reg(device, DRIVER_FEATURES_SEL) = word;
  *reg(device, DRIVER_FEATURES) = features;
}

/* Version 2 devices must be of virtio 1, and say whether they can work with what was accepted. */
static bool agree(struct virtio_mmio_device *device, uint32_t features)
{
  uint32_t low = offered(device, 0) & features;
  device->features = low;
  accept(device, 0, low);
  if (device->version == 1) {
    return true;
  }
  if ((offered(device, 1) & HIGH_VERSION_1) == 0) {
    return false;
  }
  device->features |= (uint64_t)HIGH_VERSION_1 << 32;
  accept(device, 1, HIGH_VERSION_1);
  add_status(device, STATUS_FEATURES_OK);
  return (*reg(device, STATUS) & STATUS_FEATURES_OK) != 0;
}

static void set_address(const struct virtio_mmio_device *device, uint32_t low, volatile void *part)
{
  *reg(device, low) = (uint32_t)(uintptr_t)part;
  *reg(device, low + 4) = 0;
}

static bool set_up_queue(struct virtio_mmio_device *device, uint32_t index)
{
  struct virtio_mmio_queue *queue = &device->queues[index];
  *reg(device, QUEUE_SEL) = index;
  uint32_t most = *reg(device, QUEUE_NUM_MAX);
  if (most == 0) {
    return false;
  }
  /* Both are powers of two. */
  queue->num = most < VIRTIO_MMIO_QUEUE_SIZE ? most : VIRTIO_MMIO_QUEUE_SIZE;
  memset(queue->memory, 0, sizeof queue->memory);
  queue->desc = (volatile void *)queue->memory;
  queue->avail = (volatile void *)(queue->memory + queue->num * sizeof *queue->desc);
  queue->used = (volatile void *)(queue->memory + VIRTIO_MMIO_PAGE);
  queue->avail_index = 0;
  queue->used_index = 0;
  queue->in_flight = 0;
  *reg(device, QUEUE_NUM) = queue->num;
  if (device->version == 1) {
    *reg(device, QUEUE_ALIGN) = VIRTIO_MMIO_PAGE;
    *reg(device, QUEUE_PFN) = (uint32_t)(uintptr_t)queue->memory / VIRTIO_MMIO_PAGE;
  } else {
    set_address(device, QUEUE_DESC_LOW, queue->desc);
    set_address(device, QUEUE_DRIVER_LOW, queue->avail);
    set_address(device, QUEUE_DEVICE_LOW, queue->used);
    *reg(device, QUEUE_READY) = 1;
  }
  return true;
}

bool virtio_mmio_start(struct virtio_mmio_device *device, uint32_t features, uint32_t queues)
{
  *reg(device, STATUS) = 0;
  while (*reg(device, STATUS) != 0) {
    /* The reset is complete when the status reads 0. */
  }
  add_status(device, STATUS_ACKNOWLEDGE);
  add_status(device, STATUS_DRIVER);
  if (device->version == 1) {
    *reg(device, GUEST_PAGE_SIZE) = VIRTIO_MMIO_PAGE;
  }
  bool agreed = agree(device, features);
  for (uint32_t index = 0; agreed && index < queues; index++) {
    agreed = set_up_queue(device, index);
  }
  if (!agreed) {
    add_status(device, STATUS_FAILED);
    return false;
  }
  interrupt_enable(device->source);
  return true;
}

void virtio_mmio_ready(struct virtio_mmio_device *device)
{
  cpu_fence();
  add_status(device, STATUS_DRIVER_OK);
}

bool virtio_mmio_needs_reset(const struct virtio_mmio_device *device)
{
  return (*reg(device, STATUS) & STATUS_NEEDS_RESET) != 0;
}

uint32_t virtio_mmio_take_interrupt(const struct virtio_mmio_device *device)
{
  uint32_t reasons = *reg(device, INTERRUPT_STATUS);
  *reg(device, INTERRUPT_ACK) = reasons;
  cpu_fence();
  return reasons;
}

/* The generation, where there is one: a device may change its configuration at any time. */
static uint32_t generation(const struct virtio_mmio_device *device)
{
  return device->version == 1 ? 0 : *reg(device, CONFIG_GENERATION);
}

void virtio_mmio_read_pair(const struct virtio_mmio_device *device, uint32_t offset,
                           uint16_t pair[2])
{
  volatile uint16_t *field = (volatile uint16_t *)(uintptr_t)(device->base + CONFIG + offset);
  uint32_t before;
  do {
    before = generation(device);
    pair[0] = field[0];
    pair[1] = field[1];
  } while (generation(device) != before);
}

void virtio_mmio_offer(struct virtio_mmio_device *device, uint32_t index, uint32_t id,
                       const void *data, uint32_t length, bool device_writes)
{
  struct virtio_mmio_queue *queue = &device->queues[index];
  volatile struct vring_desc *desc = &queue->desc[id];
  desc->addr = (uintptr_t)data;
  desc->len = length;
  desc->flags = device_writes ? VRING_DESC_F_WRITE : 0;
  queue->in_flight |= 1u << id;
  queue->avail->ring[queue->avail_index % queue->num] = (uint16_t)id;
  cpu_fence(); /* the entry before the index that publishes it */
  queue->avail->idx = ++queue->avail_index;
  cpu_fence(); /* the index before the look at the flags */
  if ((queue->used->flags & VRING_USED_F_NO_NOTIFY) == 0) {
    *reg(device, QUEUE_NOTIFY) = index;
  }
}

bool virtio_mmio_take(struct virtio_mmio_device *device, uint32_t index, uint32_t *id,
                      uint32_t *written)
{
  struct virtio_mmio_queue *queue = &device->queues[index];
  if (queue->used->idx == queue->used_index) {
    return false;
  }
  cpu_fence(); /* the index before the entry that it publishes */
  volatile struct vring_used_elem *elem = &queue->used->ring[queue->used_index % queue->num];
  *id = elem->id;
  *written = elem->len;
  if (*id >= queue->num || (queue->in_flight & 1u << *id) == 0) {
    panic("a virtio device has returned a buffer that it did not have", FAIL_PROTOCOL);
  }
  queue->in_flight &= ~(1u << *id);
  queue->used_index++;
  return true;
}

void virtio_mmio_sleep(void)
{
  /* Completed only now: by now the caller has removed the reason, or the line would still be high. */
  static uint32_t claimed;
  if (claimed != 0) {
    interrupt_complete(claimed);
  }
  cpu_sleep();
  claimed = interrupt_claim();
}
