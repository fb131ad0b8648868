/*
 * The resource table: what the image asks of its host, and where the host writes its answers.
 *
 * The layouts are those of Linux (include/linux/remoteproc.h) and OpenAMP
 * (lib/include/openamp/remoteproc.h). All fields are little endian; entries lie at the offsets that
 * the header lists, counted from the start of the table.
 *
 * An image that defines no `resource_table` is linked with the one in resource_table.c.
 */
#ifndef RESOURCE_TABLE_H
#define RESOURCE_TABLE_H

#include <stdint.h>

/* In a `da` or `pa` field: the host chooses the address and writes it here. */
#define FW_RSC_ADDR_ANY 0xffffffffu

/* Entry types. */
#define RSC_CARVEOUT 0u
#define RSC_TRACE 2u
#define RSC_VDEV 3u

/* Virtio (virtio 1.2, "Device Types", "Device Status Field"; Linux virtio_ids.h, rpmsg.h). */
#define VIRTIO_ID_RPMSG 7u
#define VIRTIO_RPMSG_F_NS (1u << 0)      /* feature: name service announcements */
#define VIRTIO_STATUS_DRIVER_OK (1u << 2) /* status: the host has set up the rings */

struct resource_table_header {
  uint32_t ver; /* 1 */
  uint32_t num; /* entries; as many offsets follow the header */
  uint32_t reserved[2];
};

/* Memory that the host is asked to set aside. `vdev0buffer` is where it puts its buffers. */
struct fw_rsc_carveout {
  uint32_t type;  /* RSC_CARVEOUT */
  uint32_t da;    /* device address */
  uint32_t pa;    /* physical address */
  uint32_t len;   /* bytes */
  uint32_t flags; /* for an IOMMU: 0 */
  uint32_t reserved;
  char name[32];
};

/* A log in the remote's memory, see trace.h. */
struct fw_rsc_trace {
  uint32_t type; /* RSC_TRACE */
  union {
    struct {
      uint32_t da;  /* device address of the buffer */
      uint32_t len; /* bytes */
    };
    uint64_t place __attribute__((packed, aligned(4))); /* both */
  };
  uint32_t reserved;
  char name[32];
};

/*
 * The buffer of a trace entry, as an initializer. With pointers of 64 bits C has no constant for the
 * lower half of one, but it has one for the two words together.
 */
#if UINTPTR_MAX > UINT32_MAX
#define FW_RSC_TRACE_BUFFER(buffer, size) .place = (uintptr_t)(buffer) + ((uintptr_t)(size) << 32)
#else
#define FW_RSC_TRACE_BUFFER(buffer, size) .da = (uintptr_t)(buffer), .len = (size)
#endif

/* A ring. It takes vring_size() bytes from `da`, see virtqueue.h. */
struct fw_rsc_vdev_vring {
  uint32_t da;       /* device address */
  uint32_t align;    /* of the used ring, in bytes: a power of 2 */
  uint32_t num;      /* buffers: a power of 2 */
  uint32_t notifyid; /* the mailbox's notify id */
  uint32_t reserved;
};

/* A virtio device; num_of_vrings rings follow, then config_len bytes of configuration. */
struct fw_rsc_vdev {
  uint32_t type;      /* RSC_VDEV */
  uint32_t id;        /* VIRTIO_ID_RPMSG */
  uint32_t notifyid;  /* for changes of the status: not used on this board */
  uint32_t dfeatures; /* offered by the remote */
  uint32_t gfeatures; /* negotiated; written by the host */
  uint32_t config_len;
  uint8_t status; /* written by the host */
  uint8_t num_of_vrings;
  uint8_t reserved[2];
};

/* Puts the table where hosts look for it, and where the linker keeps it. */
#define RESOURCE_TABLE_SECTION __attribute__((section(".resource_table"), used))

#endif
