/*
 * The resource table of `echo`: a carve-out for the host's buffers, a trace buffer, and an RPMsg
 * device with two rings of 32 buffers, laid out as most published firmware has it.
 */
#include "resource_table.h"

#include <stddef.h>

#include "trace.h"

struct table {
  struct resource_table_header header;
  uint32_t offset[3];
  struct fw_rsc_carveout buffers;
  struct fw_rsc_trace trace;
  struct fw_rsc_vdev vdev;
  struct fw_rsc_vdev_vring vring[2];
};

extern struct table resource_table;

RESOURCE_TABLE_SECTION struct table resource_table = {
    .header = {.ver = 1, .num = 3},
    .offset =
        {
            offsetof(struct table, buffers),
            offsetof(struct table, trace),
            offsetof(struct table, vdev),
        },
    .buffers =
        {
            .type = RSC_CARVEOUT,
            .da = FW_RSC_ADDR_ANY,
            .pa = FW_RSC_ADDR_ANY,
            .len = 2 * 32 * 512, /* 512 bytes for each buffer of both rings */
            .name = "vdev0buffer",
        },
    .trace =
        {
            .type = RSC_TRACE,
            FW_RSC_TRACE_BUFFER(trace_buffer, TRACE_SIZE),
            .name = "trace0",
        },
    .vdev =
        {
            .type = RSC_VDEV,
            .id = VIRTIO_ID_RPMSG,
            .notifyid = 31,
            .dfeatures = VIRTIO_RPMSG_F_NS,
            .num_of_vrings = 2,
        },
    .vring =
        {
            {.da = FW_RSC_ADDR_ANY, .align = 4096, .num = 32, .notifyid = 0}, /* remote to host */
            {.da = FW_RSC_ADDR_ANY, .align = 4096, .num = 32, .notifyid = 1}, /* host to remote */
        },
};
