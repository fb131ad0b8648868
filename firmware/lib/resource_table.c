/*
 * The resource table of images that do not bring their own: a trace buffer, and an RPMsg device with
 * two rings of 16 buffers. The host chooses all addresses.
 */
#include "resource_table.h"

#include <stddef.h>

#include "trace.h"

struct table {
  struct resource_table_header header;
  uint32_t offset[2];
  struct fw_rsc_trace trace;
  struct fw_rsc_vdev vdev;
  struct fw_rsc_vdev_vring vring[2];
};

extern struct table resource_table;

RESOURCE_TABLE_SECTION struct table resource_table = {
    .header = {.ver = 1, .num = 2},
    .offset = {offsetof(struct table, trace), offsetof(struct table, vdev)},
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
            {.da = FW_RSC_ADDR_ANY, .align = 16, .num = 16, .notifyid = 0}, /* remote to host */
            {.da = FW_RSC_ADDR_ANY, .align = 16, .num = 16, .notifyid = 1}, /* host to remote */
        },
};
