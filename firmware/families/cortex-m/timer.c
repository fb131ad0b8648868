/*
 * The tick from SysTick; time itself from the cycle counter, which no sleep holds up.
 * Source: ARMv7-M Architecture Reference Manual, "The system timer, SysTick" and "DWT".
 */
#include "timer.h"

#include "cpu.h"

#define DEMCR cpu_register(0xe000edfcu)
#define DEMCR_TRCENA (1u << 24)
#define DWT_CTRL cpu_register(0xe0001000u)
#define DWT_CTRL_CYCCNTENA (1u << 0)
#define DWT_CYCCNT cpu_register(0xe0001004u)

static uint32_t period; /* in cycles; at most 2^24 */
static uint32_t due;    /* the cycle count of the next tick */

void timer_start(uint32_t new_period)
{
  *DEMCR |= DEMCR_TRCENA;
  *DWT_CTRL |= DWT_CTRL_CYCCNTENA;
  period = new_period;
  due = *DWT_CYCCNT + period;
  *SYST_RVR = period - 1u;
  *SYST_CVR = 0;
  *SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CLKSOURCE;
}

uint32_t timer_take_ticks(void)
{
  uint32_t ticks = 0;
  *ICSR = ICSR_PENDSTCLR; /* before the time is read: a tick that comes later wakes again */
  while ((int32_t)(*DWT_CYCCNT - due) >= 0) {
    due += period;
    ticks++;
  }
  return ticks;
}
