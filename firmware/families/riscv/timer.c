/* The tick from the CLINT's timer (RISC-V manual, volume II, "Machine Timer Registers"). */
#include "timer.h"

#include "board.h"
#include "cpu.h"

#define MTIMECMP_LOW cpu_register(CLINT_BASE + 0x4000u)
#define MTIMECMP_HIGH cpu_register(CLINT_BASE + 0x4004u)
#define MTIME_LOW cpu_register(CLINT_BASE + 0xbff8u)
#define MTIME_HIGH cpu_register(CLINT_BASE + 0xbffcu)

static uint32_t period; /* in counts of mtime */
static uint64_t due;    /* mtime of the next tick */

static uint64_t now(void)
{
  uint32_t high;
  uint32_t low;
  do { /* again, if the low half overflowed between the two reads */
    high = *MTIME_HIGH;
    low = *MTIME_LOW;
  } while (high != *MTIME_HIGH);
  return (uint64_t)high << 32 | low;
}

static void arm(void)
{
  *MTIMECMP_HIGH = UINT32_MAX; /* no false alarm between the two halves */
  *MTIMECMP_LOW = (uint32_t)due;
  *MTIMECMP_HIGH = (uint32_t)(due >> 32);
}

void timer_start(uint32_t new_period)
{
  period = new_period;
  due = now() + period;
  arm();
  cpu_enable(INTERRUPT_TIMER);
}

uint32_t timer_take_ticks(void)
{
  uint32_t ticks = 0;
  while (now() >= due) {
    due += period;
    ticks++;
  }
  if (ticks > 0) {
    arm();
  }
  return ticks;
}
