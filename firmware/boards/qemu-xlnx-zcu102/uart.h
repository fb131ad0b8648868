/* The UART of the Zynq UltraScale+ (register reference UG1087, module "UART"). */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "cpu.h"

#define UART_CONTROL cpu_register(MAILBOX_BASE + 0x00u)
#define UART_STATUS cpu_register(MAILBOX_BASE + 0x2cu)
#define UART_FIFO cpu_register(MAILBOX_BASE + 0x30u)
#define UART_CONTROL_RECEIVE (1u << 2)
#define UART_CONTROL_TRANSMIT (1u << 4)
#define UART_STATUS_RECEIVE_EMPTY (1u << 1)
#define UART_STATUS_TRANSMIT_FULL (1u << 4)

static inline void uart_init(void)
{
  *UART_CONTROL = UART_CONTROL_RECEIVE | UART_CONTROL_TRANSMIT;
}

/* Takes a byte, if one has come. */
static inline bool uart_read(uint8_t *byte)
{
  if (*UART_STATUS & UART_STATUS_RECEIVE_EMPTY) {
    return false;
  }
  *byte = (uint8_t)*UART_FIFO;
  return true;
}

static inline void uart_write(uint8_t byte)
{
  while (*UART_STATUS & UART_STATUS_TRANSMIT_FULL) {
  }
  *UART_FIFO = byte;
}

#endif
