/* The source of entropy (virtio 1.2, "Entropy Device"): one queue of buffers that it fills. */
#include "devices.h"
#include "text.h"
#include "virtio_mmio.h"

static struct virtio_mmio_device device;
static bool there;
static uint8_t bytes[32];

bool entropy_open(void)
{
  there = virtio_mmio_find(&device, VIRTIO_ID_ENTROPY) && virtio_mmio_start(&device, 0, 1);
  if (there) {
    virtio_mmio_ready(&device);
  }
  return there;
}

/* Asks for `count` bytes; the device may give fewer at a time. */
static void fill(uint32_t count)
{
  for (uint32_t done = 0; done < count;) {
    virtio_mmio_offer(&device, 0, 0, bytes + done, count - done, true);
    uint32_t id;
    uint32_t written;
    while (!virtio_mmio_take(&device, 0, &id, &written)) {
      devices_wait();
    }
    done += written;
  }
}

void entropy_print(uint32_t count)
{
  if (!there || count > sizeof bytes) {
    console_print(there ? "entropy: at most 32 bytes\n" : "entropy: there is no device\n");
    return;
  }
  fill(count);
  char line[2 * sizeof bytes + 1];
  size_t length = 0;
  for (uint32_t i = 0; i < count; i++) {
    line[length++] = "0123456789abcdef"[bytes[i] >> 4];
    line[length++] = "0123456789abcdef"[bytes[i] & 15];
  }
  line[length++] = '\n';
  console_print("entropy: ");
  console_print_bytes(line, length);
}

void entropy_take_interrupt(void)
{
  if (there) {
    virtio_mmio_take_interrupt(&device);
  }
}
