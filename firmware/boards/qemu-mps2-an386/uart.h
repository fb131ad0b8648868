/* The UART of the MPS2 boards (Cortex-M System Design Kit, Technical Reference Manual, "UART"). */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "cpu.h"

#define UART_DATA cpu_register(MAILBOX_BASE + 0x00u)
#define UART_STATE cpu_register(MAILBOX_BASE + 0x04u)
#define UART_CTRL cpu_register(MAILBOX_BASE + 0x08u)
#define UART_INTCLEAR cpu_register(MAILBOX_BASE + 0x0cu)
#define UART_BAUDDIV cpu_register(MAILBOX_BASE + 0x10u)
#define UART_STATE_TRANSMIT_FULL (1u << 0)
#define UART_STATE_RECEIVE_FULL (1u << 1)
#define UART_CTRL_TRANSMIT (1u << 0)
#define UART_CTRL_RECEIVE (1u << 1)
#define UART_CTRL_RECEIVE_INTERRUPT (1u << 3)
#define UART_INT_RECEIVE (1u << 1)
#define UART_BAUDDIV_LEAST 16u

static inline void uart_init(void)
{
  *UART_BAUDDIV = UART_BAUDDIV_LEAST;
  *UART_CTRL = UART_CTRL_TRANSMIT | UART_CTRL_RECEIVE | UART_CTRL_RECEIVE_INTERRUPT;
  (void)*UART_DATA; /* QEMU looks again whether the UART takes what the host has sent before */
}

/* Takes a byte, if one has come. */
static inline bool uart_read(uint8_t *byte)
{
  if ((*UART_STATE & UART_STATE_RECEIVE_FULL) == 0) {
    return false;
  }
  *UART_INTCLEAR = UART_INT_RECEIVE; /* before the byte is taken: the next one interrupts again */
  *byte = (uint8_t)*UART_DATA;
  return true;
}

static inline void uart_write(uint8_t byte)
{
  while (*UART_STATE & UART_STATE_TRANSMIT_FULL) {
  }
  *UART_DATA = byte;
}

#endif
