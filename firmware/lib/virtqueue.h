/*
 * A split virtqueue, seen from the device side: the host (the virtio driver) offers buffers in the
 * available ring, the remote (the device) fills or reads them and gives them back in the used ring.
 * Source: virtio 1.2, "Split Virtqueues"; layout in memory: "Legacy Interfaces: A Note on Virtqueue
 * Layout".
 *
 * This side takes buffers in the order in which they were offered, and gives them back in any. The
 * other side is not trusted: whatever it wrote is read once, checked, and only then used.
 */
#ifndef VIRTQUEUE_H
#define VIRTQUEUE_H

#include <stdbool.h>
#include <stdint.h>

#define VRING_DESC_F_NEXT 1u         /* the chain goes on: not used by RPMsg */
#define VRING_DESC_F_WRITE 2u        /* the device writes this buffer */
#define VRING_DESC_F_INDIRECT 4u     /* the buffer is a table of descriptors: never offered */
#define VRING_AVAIL_F_NO_INTERRUPT 1u /* the driver wants no kick for used buffers */
#define VRING_USED_F_NO_NOTIFY 1u    /* the device wants no kick for available buffers */

struct vring_desc {
  uint64_t addr;
  uint32_t len;
  uint16_t flags;
  uint16_t next;
};

struct vring_avail {
  uint16_t flags;
  uint16_t idx; /* free running */
  uint16_t ring[];
};

struct vring_used_elem {
  uint32_t id;
  uint32_t len;
};

struct vring_used {
  uint16_t flags;
  uint16_t idx; /* free running */
  struct vring_used_elem ring[];
};

struct virtqueue {
  uint32_t num; /* buffers, a power of 2 */
  volatile struct vring_desc *desc;
  volatile struct vring_avail *avail;
  volatile struct vring_used *used;
  uint32_t notify_id;
  bool device_writes; /* the device fills the buffers (vring 0) instead of reading them (vring 1) */
  uint16_t next;      /* free-running index of the next buffer to take */
  uint16_t given;     /* free-running count of the buffers given back: the used index */
  bool kick_due;      /* buffers have been given back since the last kick */
};

/* The buffer at the head of the queue. */
struct virtqueue_buffer {
  uint8_t *data;
  uint32_t length; /* bytes */
  uint16_t id;     /* of its descriptor */
};

enum virtqueue_result {
  VIRTQUEUE_EMPTY, /* nothing available */
  VIRTQUEUE_READY, /* there is a buffer */
  VIRTQUEUE_BROKEN /* the host broke the rules; virtqueue_error says which */
};

/* What was found last by a function that returned VIRTQUEUE_BROKEN, for the trace. */
extern const char *virtqueue_error;

/* Bytes that a ring takes in memory. */
uint32_t vring_size(uint32_t num, uint32_t align);

/* True if all of `length` bytes from `address` are memory that the host may share with the remote. */
bool memory_is_shared(uint64_t address, uint32_t length);

/* Sets up the queue over a ring at `address`; the host has just zeroed it. Geometry is checked. */
enum virtqueue_result virtqueue_init(struct virtqueue *queue, uint32_t address, uint32_t num,
                                     uint32_t align);

/*
 * True if the ring in memory is no longer the one that this queue has worked on: the used index is
 * the device's alone, so where it differs a host has set the ring up anew.
 */
bool virtqueue_was_reset(const struct virtqueue *queue);

/* Looks at the buffer at the head of the queue, without taking it. */
enum virtqueue_result virtqueue_peek(const struct virtqueue *queue, struct virtqueue_buffer *buffer);

/* Takes the buffer that was looked at: the next one is at the head of the queue. */
void virtqueue_take(struct virtqueue *queue);

/* Gives a buffer that was taken back to the host; `length` goes into the used ring. */
void virtqueue_give(struct virtqueue *queue, const struct virtqueue_buffer *buffer,
                    uint32_t length);

/* Kicks the host, if buffers have been given back and the host has not asked to be left alone. */
void virtqueue_flush(struct virtqueue *queue);

/* Asks the host for no kicks: this side is looking anyway. A hint, no promise. */
void virtqueue_suppress_kicks(struct virtqueue *queue);

/*
 * Asks the host for kicks again. True if buffers are available by now: the host may have added them
 * before it saw the request, so there will be no kick for them. Look again before sleeping.
 */
bool virtqueue_allow_kicks(struct virtqueue *queue);

#endif
