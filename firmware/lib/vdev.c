#include "vdev.h"

#include <stddef.h>

#include "cpu.h"
#include "resource_table.h"
#include "trap.h"

/* The section, from link.ld. The host writes its copy over it before the image starts. */
extern uint8_t __resource_table_start[];
extern uint8_t __resource_table_end[];

static uint32_t table_word(uint32_t offset)
{
  uint32_t size = (uint32_t)(__resource_table_end - __resource_table_start);
  if (offset % 4 != 0 || offset >= size) {
    panic("the resource table is damaged", FAIL_PROTOCOL);
  }
  return *(volatile uint32_t *)(uintptr_t)(__resource_table_start + offset);
}

static volatile struct fw_rsc_vdev *find_vdev(void)
{
  uint32_t entries = table_word(offsetof(struct resource_table_header, num));
  for (uint32_t entry = 0; entry < entries; entry++) {
    uint32_t offset = table_word(sizeof(struct resource_table_header) + 4 * entry);
    if (table_word(offset) == RSC_VDEV) {
      return (volatile struct fw_rsc_vdev *)(uintptr_t)(__resource_table_start + offset);
    }
  }
  panic("the resource table has no virtio device", FAIL_PROTOCOL);
}

/* The table does not move: it is searched once. */
static volatile struct fw_rsc_vdev *vdev(void)
{
  static volatile struct fw_rsc_vdev *found;
  if (found == NULL) {
    found = find_vdev();
  }
  return found;
}

bool vdev_driver_ok(void)
{
  bool ok = (vdev()->status & VIRTIO_STATUS_DRIVER_OK) != 0;
  cpu_fence(); /* the status is read before what it vouches for */
  return ok;
}

bool vdev_has_features(uint32_t features)
{
  return (vdev()->gfeatures & features) == features;
}

enum virtqueue_result vdev_open_queue(uint32_t index, struct virtqueue *queue)
{
  volatile struct fw_rsc_vdev_vring *vrings = (volatile struct fw_rsc_vdev_vring *)(vdev() + 1);
  volatile struct fw_rsc_vdev_vring *vring = &vrings[index];
  queue->notify_id = vring->notifyid;
  queue->device_writes = index == 0;
  return virtqueue_init(queue, vring->da, vring->num, vring->align);
}
