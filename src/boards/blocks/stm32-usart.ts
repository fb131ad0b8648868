import type { BlockPlace, BlockType } from '../block.js'
import type { Device } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// RM0436 (STM32MP15), "USART registers".
const CR1 = 0x00
const RQR = 0x18
const ISR = 0x1c
const ICR = 0x20
const RDR = 0x24
const TDR = 0x28

const CR1_UE = 1 << 0
const CR1_RE = 1 << 2
const CR1_TE = 1 << 3
/** RXNEIE, TCIE, TXEIE: the enables of the bits of ISR that are in the same places. */
const CR1_ENABLES = 0xe0

const ISR_RXNE = 1 << 5
const ISR_TC = 1 << 6
const ISR_TXE = 1 << 7
const ISR_TEACK = 1 << 21
const ISR_REACK = 1 << 22

/**
 * ST's UART on a line without a speed: what is written is sent at once, and what is received waits
 * outside until there is room.
 */
export class Stm32Usart implements Device {
  readonly #unmodelled: UnmodelledRegisters
  readonly #send: (byte: number) => void
  readonly #changed: () => void
  #received: number[] = []
  #last = 0
  #cr1 = 0

  constructor(place: Pick<BlockPlace, 'unmodelled' | 'send' | 'linesChanged'>) {
    this.#unmodelled = place.unmodelled
    this.#send = place.send
    this.#changed = place.linesChanged
  }

  reset(): void {
    this.#received = []
    this.#last = this.#cr1 = 0
    this.#unmodelled.reset()
  }

  /** A byte comes in over the line. */
  receive(byte: number): void {
    this.#received.push(byte & 0xff)
    this.#changed()
  }

  get interrupt(): boolean {
    return (this.#status & this.#cr1 & CR1_ENABLES) !== 0
  }

  load(offset: number, size: 1 | 2 | 4): number {
    switch (offset) {
      case CR1:
        return this.#cr1
      case ISR:
        return this.#status
      case RDR:
        if (this.#on(CR1_RE)) this.#last = this.#received.shift() ?? this.#last
        this.#changed()
        return this.#last
      case RQR:
      case ICR:
        return 0
      default:
        return this.#unmodelled.load(offset, size)
    }
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    switch (offset) {
      case CR1:
        this.#cr1 = value
        break
      case TDR:
        if (this.#on(CR1_TE)) this.#send(value & 0xff)
        break
      case ISR:
      case RQR:
      case ICR:
        break // read-only, or a request that is done already
      default:
        this.#unmodelled.store(offset, value, size)
        return true
    }
    this.#changed()
    return true
  }

  #on(bit: number): boolean {
    return (this.#cr1 & CR1_UE) !== 0 && (this.#cr1 & bit) !== 0
  }

  get #status(): number {
    const waiting = this.#on(CR1_RE) && this.#received.length > 0
    return (
      ISR_TC |
      ISR_TXE |
      (waiting ? ISR_RXNE : 0) |
      (this.#on(CR1_TE) ? ISR_TEACK : 0) |
      (this.#on(CR1_RE) ? ISR_REACK : 0)
    )
  }
}

export const stm32UsartType: BlockType = {
  about: "ST's USART or UART as of the STM32MP15 (RM0436)",
  interrupts: ['interrupt'],
  make: (place) => {
    const usart = new Stm32Usart(place)
    return {
      device: usart,
      lines: { interrupt: { high: () => usart.interrupt } },
      receive: (byte) => usart.receive(byte),
    }
  },
}
