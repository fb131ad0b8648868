#include "proxy.h"

#include "remote.h"
#include "string.h"

/* struct rpmsg_rpc_syscall: before the data of a call or an answer. */
struct syscall {
  uint32_t id;
  int32_t field1;    /* call: flags or descriptor; answer: the result, -1 where it was refused */
  int32_t field2;    /* call: mode or length; answer: the error's number, 0 with hosts of OpenAMP's */
  uint32_t data_len; /* bytes of data */
};

enum syscall_id {
  SYSCALL_OPEN = 1,
  SYSCALL_CLOSE = 2,
  SYSCALL_WRITE = 3,
  SYSCALL_READ = 4,
  SYSCALL_TERM = 6
};

#define NO_ERROR_NUMBER 0

static struct rpmsg_endpoint channel;

/* The call that is under way, and its answer. */
static struct {
  bool active;
  bool done;
  bool answered;
  struct syscall answer;
  uint8_t *data; /* where the answer's data goes */
  size_t room;   /* bytes there */
  size_t length; /* bytes that came */
} call;

static size_t smaller(size_t a, size_t b)
{
  return a < b ? a : b;
}

/* What the host has lent is copied: first into the answer, and then checked. */
static void on_message(struct rpmsg_endpoint *endpoint, const void *data, size_t length,
                       uint32_t source)
{
  if (remote_take_shutdown_message(endpoint, data, length, source)) {
    call.done = true;
    return;
  }
  if (length < sizeof call.answer || !call.active || call.done) {
    return; /* a greeting, or what nobody waits for */
  }
  const uint8_t *bytes = data;
  memcpy(&call.answer, bytes, sizeof call.answer);
  call.length = smaller(length - sizeof call.answer, call.room);
  memcpy(call.data, bytes + sizeof call.answer, call.length);
  call.answered = true;
  call.done = true;
}

static void on_unbind(struct rpmsg_endpoint *endpoint)
{
  (void)endpoint;
  call.done = true;
}

static int result_of_call(uint32_t id)
{
  const struct syscall *answer = &call.answer;
  if (!call.answered) {
    return PROXY_ENOTCONN;
  }
  if (answer->id != id) {
    return PROXY_EIO;
  }
  if (answer->field1 >= 0) {
    return answer->field1;
  }
  return answer->field2 > NO_ERROR_NUMBER ? -answer->field2 : PROXY_EIO;
}

/* Sends a call with `length` bytes of data, which must fit a message. */
static enum rpmsg_result send_call(const struct syscall *header, const void *data, size_t length)
{
  struct rpmsg_buffer buffer;
  enum rpmsg_result result = rpmsg_get_tx_buffer(&buffer);
  if (result != RPMSG_OK) {
    return result;
  }
  memcpy(buffer.data, header, sizeof *header);
  memcpy(buffer.data + sizeof *header, data, length);
  return rpmsg_send_nocopy(&channel, channel.destination, &buffer, sizeof *header + length);
}

/* Makes a call and waits for its answer, whose data goes to the `room` bytes at `to`. */
static int make_call(const struct syscall *header, const void *data, size_t length, void *to,
                     size_t room)
{
  if (call.active) {
    return PROXY_EBUSY;
  }
  if (!proxy_is_ready()) {
    return PROXY_ENOTCONN;
  }
  call.active = true;
  call.done = false;
  call.answered = false;
  call.data = to;
  call.room = room;
  call.length = 0;
  if (send_call(header, data, length) == RPMSG_OK) {
    rpmsg_wait_until(&call.done);
  }
  call.active = false;
  return result_of_call(header->id);
}

/* Bytes of data that fit one message: C hosts have room for 496 bytes with the header. */
#define DATA_MAX (496 - sizeof(struct syscall))

enum rpmsg_result proxy_start(const char *name)
{
  return rpmsg_create_endpoint(&channel, name, RPMSG_ADDR_ANY, on_message, on_unbind);
}

bool proxy_is_ready(void)
{
  return rpmsg_is_bound(&channel);
}

void proxy_stop(void)
{
  struct syscall term = {.id = SYSCALL_TERM};
  if (proxy_is_ready()) {
    send_call(&term, NULL, 0);
  }
  rpmsg_destroy_endpoint(&channel);
}

int proxy_open(const char *path, uint32_t flags, uint32_t mode)
{
  size_t length = strlen(path) + 1;
  if (length > DATA_MAX) {
    return PROXY_EINVAL;
  }
  struct syscall open = {
      .id = SYSCALL_OPEN,
      .field1 = (int32_t)flags,
      .field2 = (int32_t)mode,
      .data_len = (uint32_t)length,
  };
  return make_call(&open, path, length, NULL, 0);
}

int proxy_read(int descriptor, void *data, size_t length)
{
  length = smaller(length, DATA_MAX);
  struct syscall read = {.id = SYSCALL_READ, .field1 = descriptor, .field2 = (int32_t)length};
  int count = make_call(&read, NULL, 0, data, length);
  return count > (int)call.length ? PROXY_EIO : count; /* more than came: the host lies */
}

int proxy_write(int descriptor, const void *data, size_t length)
{
  length = smaller(length, DATA_MAX);
  struct syscall write = {
      .id = SYSCALL_WRITE,
      .field1 = descriptor,
      .field2 = (int32_t)length,
      .data_len = (uint32_t)length,
  };
  int count = make_call(&write, data, length, NULL, 0);
  return count > (int)length ? PROXY_EIO : count;
}

int proxy_close(int descriptor)
{
  struct syscall close = {.id = SYSCALL_CLOSE, .field1 = descriptor};
  return make_call(&close, NULL, 0, NULL, 0);
}

int proxy_print(const char *text)
{
  for (size_t left = strlen(text); left > 0;) {
    int written = proxy_write(PROXY_STDOUT, text, left);
    if (written <= 0) {
      return written < 0 ? written : PROXY_EIO;
    }
    text += written;
    left -= (size_t)written;
  }
  return 0;
}
