/*
 * matrix-multiply: receives two matrices, sends back their product.
 *
 * The messages are those of OpenAMP's matrix multiplication demo, so its host programs work with
 * this image (openamp-system-reference, examples/linux/rpmsg-mat-mul).
 */
#include "remote.h"
#include "string.h"
#include "trace.h"

#define MAX_SIZE 6u

/* On the wire: 148 bytes, little endian. Rows beyond `size` are of no meaning. */
struct matrix {
  uint32_t size; /* rows and columns, 1 to MAX_SIZE */
  uint32_t elements[MAX_SIZE][MAX_SIZE];
};

static struct rpmsg_endpoint channel;
static uint32_t products;

/* Elements wrap around at 2^32. */
static void multiply(const struct matrix *left, const struct matrix *right, struct matrix *product)
{
  memset(product, 0, sizeof *product);
  product->size = left->size;
  for (uint32_t row = 0; row < left->size; row++) {
    for (uint32_t column = 0; column < left->size; column++) {
      for (uint32_t i = 0; i < left->size; i++) {
        product->elements[row][column] += left->elements[row][i] * right->elements[i][column];
      }
    }
  }
}

static bool can_multiply(const struct matrix *left, const struct matrix *right)
{
  return left->size >= 1 && left->size <= MAX_SIZE && left->size == right->size;
}

static void on_message(struct rpmsg_endpoint *endpoint, const void *data, size_t length,
                       uint32_t source)
{
  if (remote_take_shutdown_message(endpoint, data, length, source)) {
    return;
  }
  struct matrix factors[2];
  struct matrix product;
  if (length != sizeof factors) {
    trace_line("matrix-multiply: %u bytes are not two matrices", (uint32_t)length);
    return;
  }
  memcpy(factors, data, sizeof factors); /* out of the host's reach, then check */
  if (!can_multiply(&factors[0], &factors[1])) {
    trace_line("matrix-multiply: sizes %u and %u", factors[0].size, factors[1].size);
    return;
  }
  multiply(&factors[0], &factors[1], &product);
  products++;
  if ((products & (products - 1)) == 0) {
    trace_line("matrix-multiply: product %u, size %u", products, product.size);
  }
  if (rpmsg_send_to(endpoint, source, &product, sizeof product) != RPMSG_OK) {
    trace_line("matrix-multiply: product %u could not be sent", products);
  }
}

static void on_unbind(struct rpmsg_endpoint *endpoint)
{
  trace_line("matrix-multiply: host has closed %s", endpoint->name);
  remote_stop();
}

static void on_link_up(void)
{
  rpmsg_create_endpoint(&channel, "rpmsg-openamp-demo-channel", RPMSG_ADDR_ANY, on_message,
                        on_unbind);
}

int main(void)
{
  static const struct remote_app app = {.name = "matrix-multiply", .on_link_up = on_link_up};
  remote_run(&app);
}
