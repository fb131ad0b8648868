/**
 * The resource table's structures, named as in include/linux/remoteproc.h and OpenAMP's
 * openamp/remoteproc.h. All fields are little endian and packed; offsets are in bytes from the
 * start of the structure, those of entries from their type word (as OpenAMP counts; Linux's
 * structures begin behind it).
 */

/** The section of an ELF file that holds the table; Linux's loader looks nowhere else. */
export const tableSection = '.resource_table'

/** The one version that exists. */
export const RSC_TABLE_VERSION = 1

export const RSC_CARVEOUT = 0
export const RSC_DEVMEM = 1
export const RSC_TRACE = 2
export const RSC_VDEV = 3
/** The first and the last type (inclusive) that are the vendors' own. */
export const RSC_VENDOR_START = 128
export const RSC_VENDOR_END = 512

/** In `da` or `pa`: whoever loads the image chooses the address. */
export const FW_RSC_ADDR_ANY = 0xffff_ffff
/** In `notifyid`: the host chooses the id. */
export const RSC_NOTIFY_ID_ANY = 0xffff_ffff

/** Bytes of a name field. */
export const RPROC_MAX_NAME_LEN = 32

/** Device id of RPMsg (virtio_ids.h). */
export const VIRTIO_ID_RPMSG = 7

/** `struct resource_table`; `offset` is an array of `num` words. */
export const resource_table = { ver: 0, num: 4, reserved: 8, offset: 16, size: 16 } as const

/** `struct fw_rsc_carveout`, and `struct fw_rsc_devmem`, which is laid out alike. */
export const fw_rsc_carveout = {
  type: 0,
  da: 4,
  pa: 8,
  len: 12,
  flags: 16,
  reserved: 20,
  name: 24,
  size: 56,
} as const

/** `struct fw_rsc_trace`. */
export const fw_rsc_trace = { type: 0, da: 4, len: 8, reserved: 12, name: 16, size: 48 } as const

/** `struct fw_rsc_vdev`; `vring` is an array, the config space follows it. */
export const fw_rsc_vdev = {
  type: 0,
  id: 4,
  notifyid: 8,
  dfeatures: 12,
  gfeatures: 16,
  config_len: 20,
  status: 24,
  num_of_vrings: 25,
  reserved: 26,
  vring: 28,
  size: 28,
} as const

/** `struct fw_rsc_vdev_vring`; OpenAMP calls the last word reserved, Linux pa. */
export const fw_rsc_vdev_vring = {
  da: 0,
  align: 4,
  num: 8,
  notifyid: 12,
  pa: 16,
  size: 20,
} as const

/** `struct fw_rsc_vendor`; older tables have anything behind the type word. */
export const fw_rsc_vendor = { type: 0, len: 4, size: 8 } as const

/** Most entries of a split ring (virtio 1.2, 2.7: queue size at most 32768). */
export const largestRing = 32768
