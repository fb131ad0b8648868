/* The UART of QEMU's `virt`: National Semiconductor's 16550 (data sheet PC16550D, "Registers"). */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"

#define UART_REGISTER(offset) ((volatile uint8_t *)(MAILBOX_BASE + (offset)))
#define UART_DATA UART_REGISTER(0u)             /* receive buffer, transmit holding */
#define UART_INTERRUPT_ENABLE UART_REGISTER(1u) /* of which bit 0: data received */
#define UART_LINE_STATUS UART_REGISTER(5u)
#define UART_DATA_READY (1u << 0)
#define UART_TRANSMIT_EMPTY (1u << 5)

static inline void uart_init(void)
{
  *UART_INTERRUPT_ENABLE = 1;
}

/* Takes a byte, if one has come. */
static inline bool uart_read(uint8_t *byte)
{
  if ((*UART_LINE_STATUS & UART_DATA_READY) == 0) {
    return false;
  }
  *byte = *UART_DATA;
  return true;
}

static inline void uart_write(uint8_t byte)
{
  while ((*UART_LINE_STATUS & UART_TRANSMIT_EMPTY) == 0) {
  }
  *UART_DATA = byte;
}

#endif
