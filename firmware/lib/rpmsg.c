#include "rpmsg.h"

#include "mailbox.h"
#include "resource_table.h"
#include "string.h"
#include "trace.h"
#include "trap.h"
#include "vdev.h"
#include "virtqueue.h"

static struct virtqueue transmit; /* vring 0: remote to host */
static struct virtqueue receive;  /* vring 1: host to remote */
static bool active;               /* between rpmsg_init and rpmsg_deinit */
static bool name_service;         /* negotiated with the host */
static struct rpmsg_endpoint *endpoints;
static uint32_t next_address;
static uint32_t dropped; /* messages that could not be delivered */
static uint32_t links;   /* how many there have been: a buffer of an earlier one is not ours any more */

/* A message on its way to its endpoint. Callbacks that wait deliver others meanwhile. */
struct delivery {
  struct rpmsg_buffer buffer;
  bool held;
};

static struct delivery *current; /* the innermost, or NULL */
static bool more;                /* messages have come since the last look */

/* ---- The link ---- */

bool rpmsg_was_reset(void)
{
  return active && (virtqueue_was_reset(&transmit) || virtqueue_was_reset(&receive));
}

/*
 * Rings may only be touched while this is true. A host may come and go while a callback waits for a
 * buffer: the rings are then another host's, and nothing in them is what this side remembers.
 */
static bool link_is_up(void)
{
  return active && vdev_driver_ok() && !rpmsg_was_reset();
}

/*
 * A rule of the rings is broken. If the host has reset the device meanwhile, the rings mean nothing
 * any more, and the run loop will notice; otherwise the host cannot be worked with.
 */
static void report_broken(void)
{
  if (link_is_up()) {
    panic(virtqueue_error, FAIL_PROTOCOL);
  }
}

static void open_queue(uint32_t index, struct virtqueue *queue)
{
  if (vdev_open_queue(index, queue) == VIRTQUEUE_BROKEN) {
    panic(virtqueue_error, FAIL_PROTOCOL);
  }
}

void rpmsg_init(void)
{
  name_service = vdev_has_features(VIRTIO_RPMSG_F_NS);
  open_queue(0, &transmit);
  open_queue(1, &receive);
  endpoints = NULL;
  next_address = RPMSG_FIRST_ADDR;
  links++;
  active = true;
  virtqueue_suppress_kicks(&transmit); /* new buffers are of interest only when there are none */
}

void rpmsg_deinit(bool announce)
{
  while (endpoints != NULL) {
    struct rpmsg_endpoint *endpoint = endpoints;
    if (announce) {
      rpmsg_destroy_endpoint(endpoint);
    } else {
      endpoints = endpoint->next;
      endpoint->created = false;
    }
  }
  if (link_is_up()) {
    rpmsg_flush();
  }
  active = false;
}

void rpmsg_flush(void)
{
  if (active) {
    virtqueue_flush(&receive);
    virtqueue_flush(&transmit);
  }
}

/* ---- Sending ---- */

/* True if the host has given buffers to write into, with the first one in `buffer`. */
static bool find_buffer(struct virtqueue_buffer *buffer)
{
  enum virtqueue_result result = virtqueue_peek(&transmit, buffer);
  if (result == VIRTQUEUE_BROKEN) {
    report_broken();
  }
  return result == VIRTQUEUE_READY;
}

/* Sleeps until the host gives buffers back. False if that cannot be expected any more. */
static bool wait_for_buffer(struct virtqueue_buffer *buffer)
{
  while (link_is_up() && !mailbox_seen(MAILBOX_REQUESTS)) {
    if (find_buffer(buffer)) {
      return true;
    }
    rpmsg_flush(); /* the host may be waiting for these before it gives anything back */
    if (!virtqueue_allow_kicks(&transmit)) {
      mailbox_sleep();
    }
    if (link_is_up()) {
      virtqueue_suppress_kicks(&transmit);
    }
  }
  return false;
}

/* Finds a buffer to write into, and leaves it at the head of the ring. */
static enum rpmsg_result find_tx_buffer(struct rpmsg_buffer *buffer, bool wait)
{
  struct virtqueue_buffer *place = &buffer->place;
  if (!link_is_up()) {
    return RPMSG_ERROR_LINK;
  }
  if (!find_buffer(place)) {
    if (!wait) {
      return RPMSG_ERROR_NO_BUFFER;
    }
    if (!wait_for_buffer(place)) {
      return RPMSG_ERROR_LINK;
    }
  }
  if (place->length < sizeof(struct rpmsg_header)) {
    return RPMSG_ERROR_SIZE;
  }
  buffer->data = place->data + sizeof(struct rpmsg_header);
  buffer->length = place->length - sizeof(struct rpmsg_header);
  buffer->link = links;
  return RPMSG_OK;
}

static bool fits(const struct rpmsg_buffer *buffer, size_t length)
{
  return length <= UINT16_MAX && length <= buffer->length;
}

static void send_buffer(uint32_t source, uint32_t destination, const struct rpmsg_buffer *buffer,
                        size_t length)
{
  struct rpmsg_header header = {.src = source, .dst = destination, .len = (uint16_t)length};
  memcpy(buffer->place.data, &header, sizeof header);
  virtqueue_give(&transmit, &buffer->place, (uint32_t)(sizeof header + length));
}

static enum rpmsg_result send_raw(uint32_t source, uint32_t destination, const void *data,
                                  size_t length, bool wait)
{
  struct rpmsg_buffer buffer;
  enum rpmsg_result result = find_tx_buffer(&buffer, wait);
  if (result != RPMSG_OK) {
    return result;
  }
  if (!fits(&buffer, length)) {
    return RPMSG_ERROR_SIZE;
  }
  virtqueue_take(&transmit);
  memcpy(buffer.data, data, length);
  send_buffer(source, destination, &buffer, length);
  return RPMSG_OK;
}

static enum rpmsg_result send_from(struct rpmsg_endpoint *endpoint, uint32_t destination,
                                   const void *data, size_t length, bool wait)
{
  if (!endpoint->created || destination == RPMSG_ADDR_ANY) {
    return RPMSG_ERROR_UNBOUND;
  }
  return send_raw(endpoint->address, destination, data, length, wait);
}

enum rpmsg_result rpmsg_send(struct rpmsg_endpoint *endpoint, const void *data, size_t length)
{
  return send_from(endpoint, endpoint->destination, data, length, true);
}

enum rpmsg_result rpmsg_send_to(struct rpmsg_endpoint *endpoint, uint32_t destination,
                                const void *data, size_t length)
{
  return send_from(endpoint, destination, data, length, true);
}

enum rpmsg_result rpmsg_try_send(struct rpmsg_endpoint *endpoint, const void *data, size_t length)
{
  return send_from(endpoint, endpoint->destination, data, length, false);
}

enum rpmsg_result rpmsg_try_send_to(struct rpmsg_endpoint *endpoint, uint32_t destination,
                                    const void *data, size_t length)
{
  return send_from(endpoint, destination, data, length, false);
}

/* ---- Without a copy ---- */

static enum rpmsg_result get_tx_buffer(struct rpmsg_buffer *buffer, bool wait)
{
  enum rpmsg_result result = find_tx_buffer(buffer, wait);
  if (result == RPMSG_OK) {
    virtqueue_take(&transmit);
  }
  return result;
}

enum rpmsg_result rpmsg_get_tx_buffer(struct rpmsg_buffer *buffer)
{
  return get_tx_buffer(buffer, true);
}

enum rpmsg_result rpmsg_try_get_tx_buffer(struct rpmsg_buffer *buffer)
{
  return get_tx_buffer(buffer, false);
}

/* True if the buffer is of the link that is up now. */
static bool is_current(const struct rpmsg_buffer *buffer)
{
  return buffer->link == links && link_is_up();
}

enum rpmsg_result rpmsg_send_nocopy(struct rpmsg_endpoint *endpoint, uint32_t destination,
                                    struct rpmsg_buffer *buffer, size_t length)
{
  if (!is_current(buffer)) {
    return RPMSG_ERROR_LINK;
  }
  if (!endpoint->created || destination == RPMSG_ADDR_ANY) {
    return RPMSG_ERROR_UNBOUND;
  }
  if (!fits(buffer, length)) {
    return RPMSG_ERROR_SIZE;
  }
  send_buffer(endpoint->address, destination, buffer, length);
  buffer->link = 0; /* it is the host's */
  return RPMSG_OK;
}

void rpmsg_hold_rx_buffer(struct rpmsg_buffer *buffer)
{
  *buffer = current->buffer;
  current->held = true;
}

void rpmsg_release_rx_buffer(struct rpmsg_buffer *buffer)
{
  if (is_current(buffer)) {
    virtqueue_give(&receive, &buffer->place, buffer->place.length);
  }
  buffer->link = 0;
}

/* ---- Endpoints ---- */

/* Copies a name into its field of 32 bytes; what is left is zero. */
static void copy_name(char *to, const char *from)
{
  memset(to, 0, RPMSG_NAME_SIZE);
  for (uint32_t i = 0; i < RPMSG_NAME_SIZE && from[i] != '\0'; i++) {
    to[i] = from[i];
  }
}

static struct rpmsg_endpoint *endpoint_at(uint32_t address)
{
  struct rpmsg_endpoint *endpoint = endpoints;
  while (endpoint != NULL && endpoint->address != address) {
    endpoint = endpoint->next;
  }
  return endpoint;
}

static struct rpmsg_endpoint *endpoint_named(const char *name)
{
  struct rpmsg_endpoint *endpoint = endpoints;
  while (endpoint != NULL && strncmp(endpoint->name, name, RPMSG_NAME_SIZE) != 0) {
    endpoint = endpoint->next;
  }
  return endpoint;
}

static uint32_t free_address(void)
{
  while (endpoint_at(next_address) != NULL) {
    next_address++;
  }
  return next_address++;
}

static enum rpmsg_result announce(const struct rpmsg_endpoint *endpoint, uint32_t flags, bool wait)
{
  if (!name_service || endpoint->name[0] == '\0') {
    return RPMSG_OK;
  }
  struct rpmsg_ns_message message = {.addr = endpoint->address, .flags = flags};
  memcpy(message.name, endpoint->name, RPMSG_NAME_SIZE);
  return send_raw(endpoint->address, RPMSG_NS_ADDR, &message, sizeof message, wait);
}

static void add(struct rpmsg_endpoint *endpoint)
{
  endpoint->next = endpoints;
  endpoint->created = true;
  endpoints = endpoint;
}

static void forget(struct rpmsg_endpoint *endpoint)
{
  struct rpmsg_endpoint **link = &endpoints;
  while (*link != endpoint) {
    link = &(*link)->next;
  }
  *link = endpoint->next;
  endpoint->created = false;
}

enum rpmsg_result rpmsg_create_endpoint(struct rpmsg_endpoint *endpoint, const char *name,
                                        uint32_t address, rpmsg_message_callback *on_message,
                                        rpmsg_unbind_callback *on_unbind)
{
  if (!link_is_up()) {
    return RPMSG_ERROR_LINK;
  }
  if (endpoint->created || (address != RPMSG_ADDR_ANY && endpoint_at(address) != NULL)) {
    return RPMSG_ERROR_ADDRESS;
  }
  copy_name(endpoint->name, name == NULL ? "" : name);
  endpoint->address = address == RPMSG_ADDR_ANY ? free_address() : address;
  endpoint->destination = RPMSG_ADDR_ANY;
  endpoint->on_message = on_message;
  endpoint->on_unbind = on_unbind;
  add(endpoint);
  enum rpmsg_result result = announce(endpoint, RPMSG_NS_CREATE, true);
  if (result != RPMSG_OK) {
    forget(endpoint);
  }
  return result;
}

void rpmsg_destroy_endpoint(struct rpmsg_endpoint *endpoint)
{
  if (!endpoint->created) {
    return;
  }
  bool host_is_leaving = mailbox_seen(MAILBOX_REQUESTS); /* then a buffer may never come */
  if (announce(endpoint, RPMSG_NS_DESTROY, !host_is_leaving) == RPMSG_ERROR_NO_BUFFER) {
    trace_line("rpmsg: no buffer to announce the end of address %u", endpoint->address);
  }
  forget(endpoint);
}

bool rpmsg_is_bound(const struct rpmsg_endpoint *endpoint)
{
  return endpoint->created && endpoint->destination != RPMSG_ADDR_ANY;
}

/* ---- Receiving ---- */

/* Traces a message that goes nowhere; of many, only the 1st, 2nd, 4th, 8th... */
static void drop(const char *reason, uint32_t destination)
{
  dropped++;
  if ((dropped & (dropped - 1)) == 0) {
    trace_line("rpmsg: dropped message to %u: %s (%u dropped)", destination, reason, dropped);
  }
}

/*
 * The host announces a service of its own under the name of one of ours: the acknowledgement of our
 * announcement. The last one counts, for a channel that was destroyed and announced again may get
 * the acknowledgement of its former life first.
 */
static void receive_announcement(const struct rpmsg_ns_message *message)
{
  struct rpmsg_endpoint *endpoint = endpoint_named(message->name);
  if (endpoint == NULL || message->name[0] == '\0') {
    return; /* a service that this image has no use for */
  }
  if ((message->flags & RPMSG_NS_DESTROY) == 0) {
    endpoint->destination = message->addr;
    return;
  }
  if (endpoint->destination == message->addr || endpoint->destination == RPMSG_ADDR_ANY) {
    endpoint->destination = RPMSG_ADDR_ANY;
    if (endpoint->on_unbind != NULL) {
      endpoint->on_unbind(endpoint);
    }
  }
}

static void deliver(const struct rpmsg_header *header, const uint8_t *payload)
{
  if (header->dst == RPMSG_NS_ADDR && name_service) {
    struct rpmsg_ns_message message;
    if (header->len != sizeof message) {
      drop("not an announcement", header->dst);
      return;
    }
    memcpy(&message, payload, sizeof message);
    receive_announcement(&message);
    return;
  }
  struct rpmsg_endpoint *endpoint = endpoint_at(header->dst);
  if (endpoint == NULL) {
    drop("no such endpoint", header->dst);
    return;
  }
  if (endpoint->destination == RPMSG_ADDR_ANY) {
    endpoint->destination = header->src;
  }
  endpoint->on_message(endpoint, payload, header->len, header->src);
}

static void handle(struct delivery *delivery)
{
  struct rpmsg_buffer *buffer = &delivery->buffer;
  struct rpmsg_header header;
  if (buffer->place.length < sizeof header) {
    drop("buffer shorter than a header", RPMSG_ADDR_ANY);
    return;
  }
  memcpy(&header, buffer->place.data, sizeof header);
  if (header.len > buffer->place.length - sizeof header) {
    drop("longer than its buffer", header.dst);
    return;
  }
  buffer->data = buffer->place.data + sizeof header;
  buffer->length = header.len;
  struct delivery *outer = current;
  current = delivery;
  deliver(&header, buffer->data);
  current = outer;
}

/*
 * At most one ring's worth of messages, so that the run loop gets its turn however fast the host
 * sends. The used ring gets the length of the whole buffer, as other C remotes have it.
 */
void rpmsg_poll(void)
{
  more = false;
  if (!link_is_up()) {
    return;
  }
  virtqueue_suppress_kicks(&receive);
  for (uint32_t i = 0; i < receive.num; i++) {
    struct delivery delivery = {.buffer.link = links};
    enum virtqueue_result result = virtqueue_peek(&receive, &delivery.buffer.place);
    if (result == VIRTQUEUE_BROKEN) {
      report_broken();
    }
    if (result != VIRTQUEUE_READY) {
      break;
    }
    virtqueue_take(&receive);
    handle(&delivery);
    if (!link_is_up()) {
      return;
    }
    if (!delivery.held) {
      rpmsg_release_rx_buffer(&delivery.buffer);
    }
  }
  rpmsg_flush();
  more = virtqueue_allow_kicks(&receive);
}

bool rpmsg_has_more(void)
{
  return more;
}

bool rpmsg_wait_until(const bool *done)
{
  while (link_is_up() && !mailbox_seen(MAILBOX_REQUESTS)) {
    rpmsg_poll();
    if (*done) {
      return true;
    }
    if (!more) {
      mailbox_sleep();
    }
  }
  return *done;
}
