import type { BlockPlace, BlockType } from '../block.js'
import type { Device } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// i.MX 8M reference manuals, "Universal Asynchronous Receiver/Transmitter (UART)".
const URXD = 0x00
const UTXD = 0x40
const UCR1 = 0x80
const UCR2 = 0x84
const UCR4 = 0x8c
const USR1 = 0x94
const USR2 = 0x98
const UTS = 0xb4

const URXD_CHARRDY = 1 << 15
const UCR1_RRDYEN = 1 << 9
const UCR1_TRDYEN = 1 << 13
/** Written 0 it resets the block, which is done when it reads 1. */
const UCR2_SRST = 1 << 0
const UCR4_DREN = 1 << 0
const UCR4_TCEN = 1 << 3
const USR1_RRDY = 1 << 9
const USR1_TRDY = 1 << 13
const USR2_RDR = 1 << 0
const USR2_TXDC = 1 << 3
const USR2_TXFE = 1 << 14
const UTS_RXEMPTY = 1 << 5
const UTS_TXEMPTY = 1 << 6

/**
 * NXP's i.MX UART on a line without a speed: what is written is sent at once, and what is received
 * waits outside until there is room.
 */
export class ImxUart implements Device {
  readonly #unmodelled: UnmodelledRegisters
  readonly #send: (byte: number) => void
  readonly #changed: () => void
  #received: number[] = []
  #ucr1 = 0
  #ucr2 = 0
  #ucr4 = 0

  constructor(place: Pick<BlockPlace, 'unmodelled' | 'send' | 'linesChanged'>) {
    this.#unmodelled = place.unmodelled
    this.#send = place.send
    this.#changed = place.linesChanged
  }

  reset(): void {
    this.#received = []
    this.#ucr1 = this.#ucr2 = this.#ucr4 = 0
    this.#unmodelled.reset()
  }

  /** A byte comes in over the line. */
  receive(byte: number): void {
    this.#received.push(byte & 0xff)
    this.#changed()
  }

  get interrupt(): boolean {
    const received = this.#received.length > 0
    return (
      (received && (this.#ucr1 & UCR1_RRDYEN || this.#ucr4 & UCR4_DREN) !== 0) ||
      (this.#ucr1 & UCR1_TRDYEN) !== 0 ||
      (this.#ucr4 & UCR4_TCEN) !== 0
    )
  }

  load(offset: number, size: 1 | 2 | 4): number {
    const received = this.#received.length > 0
    switch (offset) {
      case URXD: {
        const byte = this.#received.shift()
        this.#changed()
        return byte === undefined ? 0 : URXD_CHARRDY | byte
      }
      case UCR1:
        return this.#ucr1
      case UCR2:
        return this.#ucr2 | UCR2_SRST
      case UCR4:
        return this.#ucr4
      case USR1:
        return USR1_TRDY | (received ? USR1_RRDY : 0)
      case USR2:
        return USR2_TXFE | USR2_TXDC | (received ? USR2_RDR : 0)
      case UTS:
        return UTS_TXEMPTY | (received ? 0 : UTS_RXEMPTY)
      default:
        return this.#unmodelled.load(offset, size)
    }
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    switch (offset) {
      case UTXD:
        this.#send(value & 0xff)
        break
      case UCR1:
        this.#ucr1 = value
        break
      case UCR2:
        this.#ucr2 = value
        break
      case UCR4:
        this.#ucr4 = value
        break
      case USR1:
      case USR2:
      case UTS:
        break // flags that clear themselves here
      default:
        this.#unmodelled.store(offset, value, size)
        return true
    }
    this.#changed()
    return true
  }
}

export const imxUartType: BlockType = {
  about: "NXP's i.MX UART (i.MX 8M reference manuals)",
  interrupts: ['interrupt'],
  make: (place) => {
    const uart = new ImxUart(place)
    return {
      device: uart,
      lines: { interrupt: { high: () => uart.interrupt } },
      receive: (byte) => uart.receive(byte),
    }
  },
}
