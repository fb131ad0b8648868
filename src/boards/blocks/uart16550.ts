import type { BlockType } from '../block.js'
import type { Device } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// National Semiconductor PC16550D data sheet, "Register Descriptions".
const RBR_THR_DLL = 0
const IER_DLM = 1
const IIR_FCR = 2
const LCR = 3
const MCR = 4
const LSR = 5
const MSR = 6
const SCR = 7

const IER_RDI = 1 << 0 // received data available
const IER_THRI = 1 << 1 // transmitter holding register empty
const IER_IMPLEMENTED = 0x0f

const IIR_NONE = 0x01
const IIR_THRI = 0x02
const IIR_RDI = 0x04
const IIR_FIFOS_ENABLED = 0xc0

const FCR_ENABLE = 1 << 0
const FCR_CLEAR_RECEIVER = 1 << 1
const FCR_STORED = 0xc9

const FIFO_SIZE = 16

const LCR_DLAB = 1 << 7

const MCR_OUT2 = 1 << 3 // gates the interrupt line on a PC; set from the start, as on `virt`
const MCR_LOOP = 1 << 4

const LSR_DR = 1 << 0
const LSR_THRE = 1 << 5
const LSR_TEMT = 1 << 6

/** Carrier, data set ready, clear to send: somebody is at the other end. */
const MSR_CONNECTED = 0xb0

/**
 * A 16550 UART on a line without a speed: what is written is sent at once, and what is received
 * waits outside until there is room, so nothing is overrun.
 */
export class Uart16550 implements Device {
  readonly #unmodelled: UnmodelledRegisters
  readonly #send: (byte: number) => void
  readonly #changed: () => void
  #received: number[] = []
  #ier = 0
  #fcr = 0
  #lcr = 0
  #mcr = MCR_OUT2
  #scr = 0
  #divisor = 0
  /** The transmitter has become empty and IIR has not been read since. */
  #emptied = false

  /**
   * @param send is told of each byte sent
   * @param changed is told when the interrupt line may have changed
   */
  constructor(unmodelled: UnmodelledRegisters, send: (byte: number) => void, changed: () => void) {
    this.#unmodelled = unmodelled
    this.#send = send
    this.#changed = changed
  }

  reset(): void {
    this.#received = []
    this.#ier = this.#fcr = this.#lcr = this.#scr = this.#divisor = 0
    this.#mcr = MCR_OUT2
    this.#emptied = false
    this.#unmodelled.reset()
  }

  /** A byte comes in over the line. */
  receive(byte: number): void {
    this.#received.push(byte & 0xff)
    this.#changed()
  }

  get interrupt(): boolean {
    return this.#identify() !== IIR_NONE
  }

  load(offset: number, size: 1 | 2 | 4): number {
    switch (offset) {
      case RBR_THR_DLL: {
        if (this.#lcr & LCR_DLAB) return this.#divisor & 0xff
        const byte = this.#received.shift() ?? 0
        this.#changed()
        return byte
      }
      case IER_DLM:
        return this.#lcr & LCR_DLAB ? this.#divisor >>> 8 : this.#ier
      case IIR_FCR: {
        const id = this.#identify()
        if (id === IIR_THRI) this.#emptied = false
        this.#changed()
        return id | (this.#fcr & FCR_ENABLE ? IIR_FIFOS_ENABLED : 0)
      }
      case LCR:
        return this.#lcr
      case MCR:
        return this.#mcr
      case LSR:
        return LSR_THRE | LSR_TEMT | (this.#received.length > 0 ? LSR_DR : 0)
      case MSR:
        return this.#mcr & MCR_LOOP ? this.#loopedModemStatus() : MSR_CONNECTED
      case SCR:
        return this.#scr
      default:
        return this.#unmodelled.load(offset, size)
    }
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    const byte = value & 0xff
    switch (offset) {
      case RBR_THR_DLL:
        if (this.#lcr & LCR_DLAB) {
          this.#divisor = (this.#divisor & 0xff00) | byte
        } else {
          this.#emptied = true
          if (this.#mcr & MCR_LOOP) this.#loop(byte)
          else this.#send(byte)
        }
        break
      case IER_DLM:
        if (this.#lcr & LCR_DLAB) {
          this.#divisor = (this.#divisor & 0xff) | (byte << 8)
        } else {
          // Enabling the interrupt of a transmitter that is empty raises it.
          if (byte & ~this.#ier & IER_THRI) this.#emptied = true
          this.#ier = byte & IER_IMPLEMENTED
        }
        break
      case IIR_FCR:
        // Turning the FIFOs on or off empties them, too.
        if (byte & FCR_CLEAR_RECEIVER || (byte ^ this.#fcr) & FCR_ENABLE) this.#received = []
        this.#fcr = byte & FCR_STORED
        break
      case LCR:
        this.#lcr = byte
        break
      case MCR:
        this.#mcr = byte & 0x1f
        break
      case SCR:
        this.#scr = byte
        break
      case LSR:
      case MSR:
        return true // read-only
      default:
        this.#unmodelled.store(offset, value, size)
        return true
    }
    this.#changed()
    return true
  }

  /** Nobody else bounds what is sent here: what finds no room is lost, as in the chip. */
  #loop(byte: number): void {
    if (this.#received.length < (this.#fcr & FCR_ENABLE ? FIFO_SIZE : 1)) this.#received.push(byte)
  }

  #identify(): number {
    if (this.#ier & IER_RDI && this.#received.length > 0) return IIR_RDI
    if (this.#ier & IER_THRI && this.#emptied) return IIR_THRI
    return IIR_NONE
  }

  /** In loop mode the modem outputs of MCR (DTR, RTS, OUT1, OUT2) are the modem inputs. */
  #loopedModemStatus(): number {
    const mcr = this.#mcr
    return ((mcr & 0x0c) << 4) | ((mcr & 0x02) << 3) | ((mcr & 0x01) << 5)
  }
}

/** The registers `stride` bytes apart; what lies between and behind them is not the UART's. */
function spaced(uart: Device, stride: number, unmodelled: UnmodelledRegisters): Device {
  const isUarts = (offset: number): boolean => offset % stride === 0 && offset <= SCR * stride
  return {
    load: (offset, size) =>
      isUarts(offset) ? uart.load(offset / stride, size) : unmodelled.load(offset, size),
    store(offset, size, value) {
      if (isUarts(offset)) return uart.store(offset / stride, size, value)
      unmodelled.store(offset, value, size)
      return true
    },
    reset: () => uart.reset(),
  }
}

export const uart16550Type: BlockType = {
  about: '16550 UART, registers as many bytes apart as the option stride (PC16550D data sheet)',
  interrupts: ['interrupt'],
  options: { stride: 1 },
  make: (place) => {
    const uart = new Uart16550(
      place.unmodelled,
      (byte) => place.send(byte),
      () => place.linesChanged(),
    )
    const stride = place.option('stride')
    const device = stride > 1 ? spaced(uart, stride, place.unmodelled) : uart
    const interrupt = { high: () => uart.interrupt }
    return { device, lines: { interrupt }, receive: (byte) => uart.receive(byte) }
  },
}
