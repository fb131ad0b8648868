/* A trace buffer, and no virtio device: those that this image drives are the host's. */
#include "resource_table.h"

#include <stddef.h>

#include "trace.h"

struct table {
  struct resource_table_header header;
  uint32_t offset[1];
  struct fw_rsc_trace trace;
};

extern struct table resource_table;

RESOURCE_TABLE_SECTION struct table resource_table = {
    .header = {.ver = 1, .num = 1},
    .offset = {offsetof(struct table, trace)},
    .trace =
        {
            .type = RSC_TRACE,
            FW_RSC_TRACE_BUFFER(trace_buffer, TRACE_SIZE),
            .name = "trace0",
        },
};
