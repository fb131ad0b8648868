/*
 * The tick from the first counter of the triple timer counter; time itself from the second one, which
 * runs freely. Boards without one have no tick.
 * Source: Zynq UltraScale+ register reference UG1087, module TTC.
 */
#include "timer.h"

#include "board.h"
#include "cpu.h"
#include "interrupts.h"

#ifdef TIMER_BASE

#define CLOCK(n) cpu_register(TIMER_BASE + 0x00u + 4u * (n))
#define CONTROL(n) cpu_register(TIMER_BASE + 0x0cu + 4u * (n))
#define VALUE(n) cpu_register(TIMER_BASE + 0x18u + 4u * (n))
#define INTERVAL(n) cpu_register(TIMER_BASE + 0x24u + 4u * (n))
#define STATUS(n) cpu_register(TIMER_BASE + 0x54u + 4u * (n)) /* reading clears it */
#define ENABLE(n) cpu_register(TIMER_BASE + 0x60u + 4u * (n))

#define CONTROL_INTERVAL (1u << 1)
#define CONTROL_RESTART (1u << 4)
#define CONTROL_NO_OUTPUT (1u << 5)
#define STATUS_INTERVAL (1u << 0)

#define TICK 0u
#define TIME 1u

static uint32_t period;
static uint32_t due; /* the count of the next tick */

void timer_start(uint32_t new_period)
{
  period = new_period;
  *CLOCK(TIME) = 0;
  *CONTROL(TIME) = CONTROL_NO_OUTPUT | CONTROL_RESTART;
  due = *VALUE(TIME) + period;
  *CLOCK(TICK) = 0;
  *INTERVAL(TICK) = period - 1u;
  *ENABLE(TICK) = STATUS_INTERVAL;
  *CONTROL(TICK) = CONTROL_NO_OUTPUT | CONTROL_INTERVAL | CONTROL_RESTART;
  interrupt_enable(TIMER_IRQ);
}

uint32_t timer_take_ticks(void)
{
  uint32_t ticks = 0;
  (void)*STATUS(TICK); /* before the time is read: a tick that comes later wakes again */
  while ((int32_t)(*VALUE(TIME) - due) >= 0) {
    due += period;
    ticks++;
  }
  return ticks;
}

#endif
