// Names and numbers of the virtio specification, version 1.2, and of Linux's
// include/uapi/linux/virtio_ring.h, virtio_config.h and virtio_ids.h.

/** Device status bits (virtio 1.2, section 2.1). */
export const VIRTIO_STATUS = {
  RESET: 0,
  ACKNOWLEDGE: 1,
  DRIVER: 2,
  DRIVER_OK: 4,
  FEATURES_OK: 8,
  DEVICE_NEEDS_RESET: 64,
  FAILED: 128,
} as const

/** Device ids (section 5). */
export const VIRTIO_ID = { CONSOLE: 3, ENTROPY: 4, RPMSG: 7, RPROC_SERIAL: 11 } as const

/** Feature bit numbers (section 6; RPMsg's in Linux's drivers/rpmsg/virtio_rpmsg_bus.c). */
export const VIRTIO_FEATURE = {
  RPMSG_NS: 0,
  RING_INDIRECT_DESC: 28,
  RING_EVENT_IDX: 29,
  VERSION_1: 32,
} as const

/** struct virtq_desc (section 2.7.5): one descriptor of 16 bytes. */
export const DESC = { ADDR: 0, LEN: 8, FLAGS: 12, NEXT: 14, SIZE: 16 } as const

/** virtq_desc.flags. */
export const DESC_F = { NEXT: 1, WRITE: 2, INDIRECT: 4 } as const

/** struct virtq_avail (section 2.7.6); `used_event` follows ring[num]. */
export const AVAIL = { FLAGS: 0, IDX: 2, RING: 4, RING_ENTRY: 2 } as const

/** struct virtq_used (section 2.7.8); `avail_event` follows ring[num]. */
export const USED = { FLAGS: 0, IDX: 2, RING: 4, RING_ENTRY: 8, ELEM_ID: 0, ELEM_LEN: 4 } as const

/** VRING_AVAIL_F_NO_INTERRUPT: the driver wants no interrupt for used buffers. */
export const AVAIL_F_NO_INTERRUPT = 1

/** VRING_USED_F_NO_NOTIFY: the device wants no kick for available buffers. */
export const USED_F_NO_NOTIFY = 1

/** The largest queue size (section 2.7). */
export const QUEUE_SIZE_MAX = 32768
