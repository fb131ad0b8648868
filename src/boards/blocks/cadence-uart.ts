import type { BlockPlace, BlockType } from '../block.js'
import type { Device } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// Zynq UltraScale+ register reference (UG1087), module UART: Cadence's.
const CONTROL = 0x00
const INTERRUPT_ENABLE = 0x08
const INTERRUPT_DISABLE = 0x0c
const INTERRUPT_MASK = 0x10
const INTERRUPT_STATUS = 0x14
const STATUS = 0x2c
const FIFO = 0x30

const RESET_RECEIVER = 1 << 0
const RESET_TRANSMITTER = 1 << 1
/** Resets are done as soon as they are asked for; the rest of the register stays as it was written. */
const CONTROL_KEPT = 0x1ff & ~(RESET_RECEIVER | RESET_TRANSMITTER)

/** Of both status registers: what is received has come to the trigger; nothing is received; all is sent. */
const RECEIVE_TRIGGER = 1 << 0
const RECEIVE_EMPTY = 1 << 1
const TRANSMIT_EMPTY = 1 << 3
const TIMEOUT = 1 << 8
const INTERRUPTS = 0x1fff

/**
 * Cadence's UART on a line without a speed: what is written is sent at once, and what is received waits
 * outside until there is room.
 */
export class CadenceUart implements Device {
  readonly #unmodelled: UnmodelledRegisters
  readonly #send: (byte: number) => void
  readonly #changed: () => void
  #received: number[] = []
  #control = 0
  #mask = 0
  #status = 0

  constructor(place: Pick<BlockPlace, 'unmodelled' | 'send' | 'linesChanged'>) {
    this.#unmodelled = place.unmodelled
    this.#send = place.send
    this.#changed = place.linesChanged
  }

  reset(): void {
    this.#received = []
    this.#control = 0x128
    this.#mask = 0
    this.#status = TRANSMIT_EMPTY
    this.#unmodelled.reset()
  }

  /** A byte comes in over the line. */
  receive(byte: number): void {
    this.#received.push(byte & 0xff)
    this.#status |= RECEIVE_TRIGGER | TIMEOUT
    this.#changed()
  }

  get interrupt(): boolean {
    return (this.#status & this.#mask) !== 0
  }

  load(offset: number, size: 1 | 2 | 4): number {
    switch (offset) {
      case CONTROL:
        return this.#control
      case INTERRUPT_MASK:
        return this.#mask
      case INTERRUPT_STATUS:
        return this.#status
      case STATUS:
        return TRANSMIT_EMPTY | (this.#received.length > 0 ? RECEIVE_TRIGGER : RECEIVE_EMPTY)
      case FIFO: {
        const byte = this.#received.shift() ?? 0
        this.#changed()
        return byte
      }
      case INTERRUPT_ENABLE:
      case INTERRUPT_DISABLE:
        return 0
      default:
        return this.#unmodelled.load(offset, size)
    }
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    switch (offset) {
      case CONTROL:
        this.#control = value & CONTROL_KEPT
        if (value & RESET_RECEIVER) this.#received = []
        break
      case INTERRUPT_ENABLE:
        this.#mask |= value & INTERRUPTS
        break
      case INTERRUPT_DISABLE:
        this.#mask &= ~value
        break
      case INTERRUPT_STATUS:
        this.#status &= ~value
        // The trigger is a level: it is there as long as something is.
        if (this.#received.length > 0) this.#status |= RECEIVE_TRIGGER
        break
      case FIFO:
        this.#send(value & 0xff)
        this.#status |= TRANSMIT_EMPTY
        break
      case INTERRUPT_MASK:
      case STATUS:
        break // read-only
      default:
        this.#unmodelled.store(offset, value, size)
        return true
    }
    this.#changed()
    return true
  }
}

export const cadenceUartType: BlockType = {
  about: "Cadence's UART (Zynq UltraScale+ register reference UG1087)",
  interrupts: ['interrupt'],
  make: (place) => {
    const uart = new CadenceUart(place)
    return {
      device: uart,
      lines: { interrupt: { high: () => uart.interrupt } },
      receive: (byte) => uart.receive(byte),
    }
  },
}
