/* The console (virtio 1.2, "Console Device"): one port, queue 0 receives, queue 1 transmits. */
#include "devices.h"
#include "finisher.h"
#include "string.h"
#include "text.h"
#include "trace.h"
#include "virtio_mmio.h"

#define RECEIVE 0u
#define TRANSMIT 1u
#define F_SIZE (1u << 0)
#define CONFIG_COLS 0u

#define RECEIVE_BUFFERS 4u
#define BUFFER_SIZE 64u

static struct virtio_mmio_device device;
static char received[RECEIVE_BUFFERS][BUFFER_SIZE];
static char sent[256];

/* What has come in and is not a line yet. */
static char pending[256];
static size_t pending_length;

/* The device has been started so many times. */
static uint32_t lives;
/* What is to be said of it, once nothing else is being said. */
static bool size_is_news;
static bool start_is_news;

static bool start(void)
{
  if (!virtio_mmio_start(&device, F_SIZE, 2)) {
    return false;
  }
  for (uint32_t id = 0; id < RECEIVE_BUFFERS; id++) {
    virtio_mmio_offer(&device, RECEIVE, id, received[id], BUFFER_SIZE, true);
  }
  virtio_mmio_ready(&device);
  lives++;
  return true;
}

bool console_open(void)
{
  return virtio_mmio_find(&device, VIRTIO_ID_CONSOLE) && start();
}

uint32_t console_version(void)
{
  return device.version;
}

/*
 * One buffer at a time: the next one waits until the device has read this one. What a device that is
 * started again meanwhile has not read is lost.
 */
void console_print_bytes(const void *data, size_t length)
{
  const char *rest = data;
  uint32_t life = lives;
  while (length > 0 && life == lives) {
    size_t part = length < sizeof sent ? length : sizeof sent;
    memcpy(sent, rest, part);
    virtio_mmio_offer(&device, TRANSMIT, 0, sent, part, false);
    uint32_t id;
    uint32_t written;
    while (life == lives && !virtio_mmio_take(&device, TRANSMIT, &id, &written)) {
      devices_wait();
    }
    rest += part;
    length -= part;
  }
}

void console_print(const char *text)
{
  console_print_bytes(text, strlen(text));
}

void console_print_number(uint32_t number)
{
  char digits[10];
  size_t length = 0;
  text_append_number(digits, &length, number);
  console_print_bytes(digits, length);
}

static void receive(void)
{
  uint32_t id;
  uint32_t written;
  while (virtio_mmio_take(&device, RECEIVE, &id, &written)) {
    for (uint32_t i = 0; i < written && i < BUFFER_SIZE; i++) {
      if (pending_length < sizeof pending) {
        pending[pending_length++] = received[id][i];
      } else {
        trace_line("console: a line is too long, a character is lost");
      }
    }
    virtio_mmio_offer(&device, RECEIVE, id, received[id], BUFFER_SIZE, true);
  }
}

size_t console_read_line(char *line, size_t size)
{
  receive();
  size_t length = 0;
  while (length < pending_length && pending[length] != '\n') {
    length++;
  }
  if (length == pending_length && length < sizeof pending) {
    return 0; /* no newline yet */
  }
  if (length < pending_length) {
    length++;
  }
  size_t taken = length < size ? length : size;
  memcpy(line, pending, taken);
  pending_length -= length;
  memmove(pending, pending + length, pending_length);
  return taken;
}

void console_print_size(void)
{
  if ((device.features & F_SIZE) == 0) {
    console_print("size: not known\n");
    return;
  }
  uint16_t size[2];
  virtio_mmio_read_pair(&device, CONFIG_COLS, size);
  console_print("size: ");
  console_print_number(size[0]);
  console_print(" x ");
  console_print_number(size[1]);
  console_print("\n");
}

void console_lie(void)
{
  virtio_mmio_offer(&device, TRANSMIT, 1, NULL, sizeof sent, false);
}

/* A device that needs a reset gets it: all its buffers are this image's again, and new. */
void console_take_interrupt(void)
{
  if ((virtio_mmio_take_interrupt(&device) & VIRTIO_MMIO_INT_CONFIG) == 0) {
    return;
  }
  if (!virtio_mmio_needs_reset(&device)) {
    size_is_news = true;
    return;
  }
  trace_line("console: the device needs a reset");
  if (!start()) {
    trace_line("console: the device does not start again");
    finisher_fail(2);
  }
  start_is_news = true;
}

void console_tell_news(void)
{
  if (start_is_news) {
    start_is_news = false;
    console_print("console: started again\n");
  }
  if (size_is_news) {
    size_is_news = false;
    console_print_size();
  }
}
