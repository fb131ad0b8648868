/* A periodic tick. */
#ifndef TIMER_H
#define TIMER_H

#include <stdint.h>

/* Starts a tick every `period` counts of the timer (TIMER_HZ a second); each one wakes the core. */
void timer_start(uint32_t period);

/* Number of ticks since the last call; takes them, so that the next sleep waits for the next one. */
uint32_t timer_take_ticks(void);

#endif
