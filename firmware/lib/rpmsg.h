/*
 * RPMsg: messages between endpoints of host and remote, over the two rings of the virtio device,
 * and the name service that announces the remote's endpoints as channels.
 * Source: Linux drivers/rpmsg/virtio_rpmsg_bus.c and include/linux/rpmsg/ns.h; OpenAMP
 * lib/rpmsg/rpmsg_internal.h.
 *
 * There is one RPMsg device in an image. Its functions are called from `main` and the callbacks,
 * never from an interrupt.
 */
#ifndef RPMSG_H
#define RPMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtqueue.h"

#define RPMSG_ADDR_ANY 0xffffffffu /* no address yet, or any free one */
#define RPMSG_NS_ADDR 53u          /* the name service, on both sides */
#define RPMSG_FIRST_ADDR 1024u     /* addresses that are given out start here */
#define RPMSG_NAME_SIZE 32u        /* bytes; a name of exactly 32 characters has no NUL */

/* Before every payload. */
struct rpmsg_header {
  uint32_t src;
  uint32_t dst;
  uint32_t reserved; /* sent as 0; scratch of whoever holds the buffer, so never looked at */
  uint16_t len;      /* of the payload, in bytes */
  uint16_t flags;
};

/* Payload of a name service announcement. */
struct rpmsg_ns_message {
  char name[RPMSG_NAME_SIZE];
  uint32_t addr;
  uint32_t flags;
};

#define RPMSG_NS_CREATE 0u
#define RPMSG_NS_DESTROY 1u /* bit 0 of flags */

/* Results; all errors are negative. */
enum rpmsg_result {
  RPMSG_OK = 0,
  RPMSG_ERROR_LINK = -1,      /* no host, or the host is going */
  RPMSG_ERROR_UNBOUND = -2,   /* the endpoint has no destination yet */
  RPMSG_ERROR_NO_BUFFER = -3, /* try again: the host has not given a buffer back yet */
  RPMSG_ERROR_SIZE = -4,      /* longer than a buffer */
  RPMSG_ERROR_ADDRESS = -5    /* address taken, or the endpoint exists */
};

struct rpmsg_endpoint;

/* A message has come for the endpoint. `data` is the host's buffer, lent until the return. */
typedef void rpmsg_message_callback(struct rpmsg_endpoint *endpoint, const void *data,
                                    size_t length, uint32_t source);

/* The host has destroyed its side of the channel; the endpoint is unbound and still there. */
typedef void rpmsg_unbind_callback(struct rpmsg_endpoint *endpoint);

/* The image owns the storage; the fields are set by rpmsg_create_endpoint. Zeroed: not created. */
struct rpmsg_endpoint {
  char name[RPMSG_NAME_SIZE]; /* of the channel; empty: not announced */
  uint32_t address;
  uint32_t destination; /* RPMSG_ADDR_ANY until bound */
  rpmsg_message_callback *on_message;
  rpmsg_unbind_callback *on_unbind; /* or NULL */
  struct rpmsg_endpoint *next;
  bool created;
};

/*
 * Creates an endpoint and announces it, if it has a name and the host knows name service.
 * `name` may be NULL. `address`: RPMSG_ADDR_ANY for the next free one. `on_unbind` may be NULL.
 *
 * The endpoint becomes bound (gets a destination) by the host's announcement of the same name, or by
 * the first message that it receives. Linux sends no announcement back.
 */
enum rpmsg_result rpmsg_create_endpoint(struct rpmsg_endpoint *endpoint, const char *name,
                                        uint32_t address, rpmsg_message_callback *on_message,
                                        rpmsg_unbind_callback *on_unbind);

/* Announces the end of the endpoint, and removes it. Nothing happens if it is not created. */
void rpmsg_destroy_endpoint(struct rpmsg_endpoint *endpoint);

/* True if the endpoint has a destination. */
bool rpmsg_is_bound(const struct rpmsg_endpoint *endpoint);

/* Sends to the endpoint's destination; waits for a buffer as long as the host is there. */
enum rpmsg_result rpmsg_send(struct rpmsg_endpoint *endpoint, const void *data, size_t length);

/* The same to any address of the host. */
enum rpmsg_result rpmsg_send_to(struct rpmsg_endpoint *endpoint, uint32_t destination,
                                const void *data, size_t length);

/* The same two, without waiting: RPMSG_ERROR_NO_BUFFER instead. */
enum rpmsg_result rpmsg_try_send(struct rpmsg_endpoint *endpoint, const void *data, size_t length);
enum rpmsg_result rpmsg_try_send_to(struct rpmsg_endpoint *endpoint, uint32_t destination,
                                    const void *data, size_t length);

/* ---- Without a copy ---- */

/* A buffer of the host's that this side has: to be filled and sent, or with a message in it. */
struct rpmsg_buffer {
  uint8_t *data; /* the payload, or the room for one */
  size_t length; /* bytes of it */
  struct virtqueue_buffer place; /* the whole buffer */
  uint32_t link;                 /* which link it belongs to */
};

/*
 * A buffer to fill in place; waits for one as long as the host is there. What is got must be sent: it
 * cannot be given back otherwise.
 */
enum rpmsg_result rpmsg_get_tx_buffer(struct rpmsg_buffer *buffer);

/* The same without waiting: RPMSG_ERROR_NO_BUFFER instead. */
enum rpmsg_result rpmsg_try_get_tx_buffer(struct rpmsg_buffer *buffer);

/* Sends the first `length` bytes of a buffer that was got. After RPMSG_OK it is the host's. */
enum rpmsg_result rpmsg_send_nocopy(struct rpmsg_endpoint *endpoint, uint32_t destination,
                                    struct rpmsg_buffer *buffer, size_t length);

/*
 * To be called in a message callback: keeps the message that it was called for beyond its return. The
 * host has one buffer less until it is released.
 */
void rpmsg_hold_rx_buffer(struct rpmsg_buffer *buffer);

/* Gives a held message back to the host. Nothing happens if it is of an earlier link. */
void rpmsg_release_rx_buffer(struct rpmsg_buffer *buffer);

/* ---- Waiting ---- */

/*
 * Delivers messages, and sleeps when there are none, until `*done` is true: a callback sets it. May be
 * called in a callback. False where that cannot be waited for any more: the host is gone, or asks for
 * the remote's end.
 */
bool rpmsg_wait_until(const bool *done);

/* The rest is for the run loop in remote.c. */

/* The host is there: takes up the rings. */
void rpmsg_init(void);

/* True if a host has set the rings up anew since rpmsg_init: it was restarted. */
bool rpmsg_was_reset(void);

/* Lets go of the rings and forgets all endpoints. `announce`: say so to the host first. */
void rpmsg_deinit(bool announce);

/* Delivers the messages that are there now. */
void rpmsg_poll(void);

/* True if more have come meanwhile, for which there may be no kick. To be asked before sleeping. */
bool rpmsg_has_more(void);

/* Kicks the host for all that has been sent or given back. To be called before sleeping. */
void rpmsg_flush(void);

#endif
