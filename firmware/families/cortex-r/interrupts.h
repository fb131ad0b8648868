/* No interrupt controller: none that a Cortex-R of QEMU's is connected to. See cpu.h. */
#ifndef INTERRUPTS_H
#define INTERRUPTS_H

#include <stdint.h>

static inline void interrupt_enable(uint32_t number)
{
  (void)number;
}

/* None is ever pending. */
static inline uint32_t interrupt_claim(void)
{
  return 0;
}

static inline void interrupt_complete(uint32_t claimed)
{
  (void)claimed;
}

#endif
