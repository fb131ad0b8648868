/* Signal processing in single precision: a FIR filter, a cascade of biquads, a dot product, a controller. */
#include "work.h"

#define SAMPLES 256
#define TAPS 32
#define STAGES 4

struct biquad {
  float b0, b1, b2, a1, a2;
  float z1, z2;
};

static float input[SAMPLES + TAPS];
static float output[SAMPLES];
static float taps[TAPS];
static struct biquad stages[STAGES];

static void prepare(void) {
  uint32_t seed = 2463534242u;
  for (int i = 0; i < SAMPLES + TAPS; i++) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    input[i] = (float)(int32_t)seed * (1.0f / 2147483648.0f);
  }
  for (int i = 0; i < TAPS; i++) taps[i] = 1.0f / (float)(i + 3);
  for (int i = 0; i < STAGES; i++)
    stages[i] = (struct biquad){0.2f, 0.39f, 0.21f, -0.37f, 0.195f + 0.01f * (float)i, 0.0f, 0.0f};
}

static void fir(void) {
  for (int n = 0; n < SAMPLES; n++) {
    float sum = 0.0f;
    for (int i = 0; i < TAPS; i++) sum += taps[i] * input[n + i];
    output[n] = sum;
  }
}

static void filter(void) {
  for (int n = 0; n < SAMPLES; n++) {
    float x = output[n];
    for (int i = 0; i < STAGES; i++) {
      struct biquad *s = &stages[i];
      float y = s->b0 * x + s->z1;
      s->z1 = s->b1 * x - s->a1 * y + s->z2;
      s->z2 = s->b2 * x - s->a2 * y;
      x = y;
    }
    output[n] = x;
  }
}

static float dot(void) {
  float sum = 0.0f;
  for (int n = 0; n < SAMPLES; n++) sum += output[n] * input[n];
  return sum;
}

/* A proportional-integral controller with limits, and its plant. */
static float control(void) {
  float integral = 0.0f;
  float speed = 0.0f;
  for (int n = 0; n < SAMPLES; n++) {
    float error = 2.0f * input[n] - speed;
    integral += 0.05f * error;
    if (integral > 1.0f) integral = 1.0f;
    if (integral < -1.0f) integral = -1.0f;
    float duty = 0.8f * error + integral;
    if (duty > 1.5f) duty = 1.5f;
    if (duty < -1.5f) duty = -1.5f;
    int32_t ticks = (int32_t)(duty * 4096.0f);
    speed += 0.1f * ((float)ticks * (1.0f / 4096.0f) - speed);
  }
  return speed;
}

uint32_t float_round(void) {
  union {
    float number;
    uint32_t bits;
  } sum;
  prepare();
  fir();
  filter();
  sum.number = dot() + control();
  return sum.bits;
}
