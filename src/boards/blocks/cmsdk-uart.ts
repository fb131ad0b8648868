import type { BlockPlace, BlockType } from '../block.js'
import type { Device } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'
import { cmsdkId } from './cmsdk-id.js'

// Arm Cortex-M System Design Kit (DDI 0479), "APB UART".
const DATA = 0x00
const STATE = 0x04
const CTRL = 0x08
const INTSTATUS = 0x0c
const BAUDDIV = 0x10

const STATE_TXFULL = 1 << 0
const STATE_RXFULL = 1 << 1
const STATE_TXOVERRUN = 1 << 2
const STATE_RXOVERRUN = 1 << 3
const OVERRUNS = STATE_TXOVERRUN | STATE_RXOVERRUN

const CTRL_TX_ENABLE = 1 << 0
const CTRL_RX_ENABLE = 1 << 1
const CTRL_BITS = 0x7f
/** Where in CTRL the interrupt enables are that INTSTATUS has at 0. */
const ENABLES_SHIFT = 2

const INT_TX = 1 << 0
const INT_RX = 1 << 1
const INT_TXO = 1 << 2
const INT_RXO = 1 << 3

const PART = 0x21

/**
 * The UART of Arm's system design kit, on a line without a speed: what is written is sent at once,
 * and what is received waits outside until there is room, so nothing is overrun.
 */
export class CmsdkUart implements Device {
  readonly #unmodelled: UnmodelledRegisters
  readonly #send: (byte: number) => void
  readonly #changed: () => void
  /** Bytes that wait outside. */
  #waiting: number[] = []
  #received = 0
  #written = 0
  #state = 0
  #ctrl = 0
  #status = 0
  #divisor = 0

  constructor({ unmodelled, send, linesChanged }: UartPlace) {
    this.#unmodelled = unmodelled
    this.#send = send
    this.#changed = linesChanged
  }

  reset(): void {
    this.#waiting = []
    this.#received = this.#written = this.#state = this.#ctrl = this.#status = this.#divisor = 0
    this.#unmodelled.reset()
  }

  /** A byte comes in over the line. */
  receive(byte: number): void {
    this.#waiting.push(byte & 0xff)
    this.#takeNext()
    this.#changed()
  }

  /** Whether one of the interrupts INT_… is pending. */
  pending(bits: number): boolean {
    return (this.#interrupts & bits) !== 0
  }

  load(offset: number, size: 1 | 2 | 4): number {
    switch (offset) {
      case DATA: {
        const byte = this.#received
        this.#state &= ~STATE_RXFULL
        this.#takeNext()
        this.#changed()
        return byte
      }
      case STATE:
        return this.#state
      case CTRL:
        return this.#ctrl
      case INTSTATUS:
        return this.#interrupts
      case BAUDDIV:
        return this.#divisor
      default:
        return cmsdkId(PART, offset) ?? this.#unmodelled.load(offset, size)
    }
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    switch (offset) {
      case DATA:
        if (this.#state & STATE_TXFULL) this.#state |= STATE_TXOVERRUN
        this.#state |= STATE_TXFULL
        this.#written = value & 0xff
        this.#transmit()
        break
      case STATE:
        this.#state &= ~(value & OVERRUNS)
        break
      case CTRL:
        this.#ctrl = value & CTRL_BITS
        this.#transmit()
        this.#takeNext()
        break
      case INTSTATUS:
        this.#status &= ~value
        this.#state &= ~(value & OVERRUNS)
        break
      case BAUDDIV:
        this.#divisor = value & 0xf_ffff
        break
      default:
        if (cmsdkId(PART, offset) === undefined) this.#unmodelled.store(offset, value, size)
        return true
    }
    this.#changed()
    return true
  }

  get #interrupts(): number {
    return this.#status | (this.#state & (this.#ctrl >>> ENABLES_SHIFT) & OVERRUNS)
  }

  #transmit(): void {
    if ((this.#ctrl & CTRL_TX_ENABLE) === 0 || (this.#state & STATE_TXFULL) === 0) return
    this.#state &= ~STATE_TXFULL
    this.#status |= (this.#ctrl >>> ENABLES_SHIFT) & INT_TX
    this.#send(this.#written)
  }

  #takeNext(): void {
    if ((this.#ctrl & CTRL_RX_ENABLE) === 0 || (this.#state & STATE_RXFULL) !== 0) return
    const byte = this.#waiting.shift()
    if (byte === undefined) return
    this.#received = byte
    this.#state |= STATE_RXFULL
    this.#status |= (this.#ctrl >>> ENABLES_SHIFT) & INT_RX
  }
}

type UartPlace = Pick<BlockPlace, 'unmodelled' | 'send' | 'linesChanged'>

export const cmsdkUartType: BlockType = {
  about: "UART of Arm's Cortex-M System Design Kit (DDI 0479)",
  interrupts: ['receive', 'transmit', 'overrun', 'combined'],
  make: (place) => {
    const uart = new CmsdkUart(place)
    const lines = {
      receive: { high: () => uart.pending(INT_RX) },
      transmit: { high: () => uart.pending(INT_TX) },
      overrun: { high: () => uart.pending(INT_TXO | INT_RXO) },
      combined: { high: () => uart.pending(INT_RX | INT_TX | INT_TXO | INT_RXO) },
    }
    return { device: uart, lines, receive: (byte) => uart.receive(byte) }
  },
}
