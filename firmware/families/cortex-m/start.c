/*
 * From reset to main: the vector table, and what C wants before it can run.
 *
 * The core begins with the table at the start of memory: stack pointer and _start. The host loads
 * data where they belong, so there is nothing to copy; memory that nobody has loaded is not zero.
 */
#include <stdint.h>

#include "cpu.h"

extern uint32_t __stack_top;
extern uint32_t __bss_start;
extern uint32_t __bss_end;

__attribute__((noreturn)) void _start(void);
int main(void);
void trap_entry(void);

/* Nothing is ever taken but what is a fault: all else has PRIMASK to wait for. */
__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &__stack_top,
    (const void *)_start,
    (const void *)trap_entry, /* NMI */
    (const void *)trap_entry, /* HardFault, which all faults become */
    (const void *)trap_entry, /* MemManage */
    (const void *)trap_entry, /* BusFault */
    (const void *)trap_entry, /* UsageFault */
};

void _start(void)
{
  __asm__ volatile("cpsid i" ::: "memory"); /* wfi wakes on pending interrupts, none is taken */
  for (volatile uint32_t *word = &__bss_start; word < &__bss_end; word++) {
    *word = 0;
  }
  main();
  /* main has returned: there is nothing more to do, ever. */
  cpu_halt();
}
