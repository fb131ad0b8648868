/*
 * The RPMsg device in the resource table: the host's status, the negotiated features, and the rings.
 * Only the host writes here; it writes rings and features before it sets DRIVER_OK.
 */
#ifndef VDEV_H
#define VDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "virtqueue.h"

/* True while the host's driver is at work: rings and features are valid. */
bool vdev_driver_ok(void);

/* True if the host has accepted all of `features`. */
bool vdev_has_features(uint32_t features);

/* Sets up ring 0 (remote to host) or 1 (host to remote) from the addresses in the table. */
enum virtqueue_result vdev_open_queue(uint32_t index, struct virtqueue *queue);

#endif
