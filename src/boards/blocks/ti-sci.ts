import type { BlockPlace, BlockType } from '../block.js'
import type { Device } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// TI's AM62x technical reference manual (SPRUIV7), "Secure Proxy", from the first of its three parts on.
const CONFIG = 0x000_0004
const STATUS = 0x23b_0000
const STATUS_END = 0x243_0000
const DATA = 0x4db_0000
/** Bytes from one thread's registers to the next one's. */
const STRIDE = 0x1000

/** Bytes of a message; the proxy keeps the first word of them for itself. */
const MESSAGE_SIZE = 64
const WORDS = MESSAGE_SIZE / 4
/** The word whose access ends that of the message. */
const LAST = WORDS - 1
/** Messages that a thread holds. */
const DEPTH = 5
const CONFIG_VALUE = (MESSAGE_SIZE << 16) | 128

// TI's System Controller Interface (TISCI), as its firmware for system management answers it.
const HEADER = 1
const FLAGS = 2
const PAYLOAD = 3
const FLAG_AOP = 1 << 1
const FLAG_ACK = 1 << 1

/** Words behind the header that answer a request. */
type Answer = (request: readonly number[], hertz: number) => readonly number[]

/** What there is to be asked for. Clocks run, and devices are on, for good. */
const answers = new Map<number, Answer>([
  [0x0002, () => [0, 0, 0, 0, 0, 0, 0, 0, 0x0103_0000]], // VERSION: ABI 3.1
  [0x0100, () => []], // SET_CLOCK
  [0x0101, () => [0x0101]], // GET_CLOCK: ready
  [0x0102, () => []], // SET_CLOCK_PARENT
  [0x0103, () => [1]], // GET_CLOCK_PARENT
  [0x0104, () => [1]], // GET_NUM_CLOCK_PARENTS
  [0x010c, () => []], // SET_FREQ
  [0x010d, (request) => request.slice(PAYLOAD + 3, PAYLOAD + 5)], // QUERY_FREQ: what is wished for
  [0x010e, (_, hertz) => [hertz, 0]], // GET_FREQ
  [0x0200, () => []], // SET_DEVICE
  [0x0201, () => [0, 0, 0x0102]], // GET_DEVICE: on
  [0x0202, () => []], // SET_DEVICE_RESETS
])

/**
 * The threads of the secure proxy on which a core asks TI's system firmware for its clocks and devices,
 * and that firmware, as far as it grants what it is asked. What it does not know it refuses.
 */
export class TiSci implements Device {
  readonly #unmodelled: UnmodelledRegisters
  readonly #request: number
  readonly #response: number
  readonly #hertz: number
  readonly #written: number[] = new Array<number>(WORDS).fill(0)
  #responses: number[][] = []

  constructor(place: Pick<BlockPlace, 'unmodelled' | 'option'>) {
    this.#unmodelled = place.unmodelled
    this.#request = place.option('request')
    this.#response = place.option('response')
    this.#hertz = place.option('clock')
  }

  reset(): void {
    this.#written.fill(0)
    this.#responses = []
    this.#unmodelled.reset()
  }

  load(offset: number, size: 1 | 2 | 4): number {
    if (offset >= DATA) return this.#read(offset - DATA, size)
    if (offset === CONFIG) return CONFIG_VALUE
    if (offset >= STATUS && offset < STATUS_END && (offset - STATUS) % STRIDE === 0) {
      return this.#status((offset - STATUS) / STRIDE)
    }
    return this.#unmodelled.load(offset, size)
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    const word = ((offset - DATA) % STRIDE) >>> 2
    if (offset < DATA) this.#unmodelled.store(offset, value, size)
    else if (size !== 4) return false
    else if (word < WORDS && Math.floor((offset - DATA) / STRIDE) === this.#request) {
      this.#written[word] = value
      if (word === LAST) this.#answer()
    }
    return true
  }

  /** CUR_CNT: messages that wait to be read, or that may still be written. */
  #status(thread: number): number {
    if (thread === this.#response) return this.#responses.length
    return thread === this.#request ? DEPTH - this.#responses.length : 0
  }

  #read(offset: number, size: 1 | 2 | 4): number {
    if (Math.floor(offset / STRIDE) !== this.#response) return 0
    const at = offset % STRIDE
    const word = this.#responses[0]?.[at >>> 2] ?? 0
    if (at >>> 2 === LAST) this.#responses.shift()
    return (word >>> (8 * (at & 3))) & (size === 4 ? -1 : (1 << (8 * size)) - 1)
  }

  #answer(): void {
    const request = [...this.#written]
    this.#written.fill(0)
    const header = request[HEADER] ?? 0
    const answer = answers.get(header & 0xffff)
    if (((request[FLAGS] ?? 0) & FLAG_AOP) === 0 || this.#responses.length === DEPTH) return
    const flags = answer === undefined ? 0 : FLAG_ACK
    this.#responses.push([0, header, flags, ...(answer?.(request, this.#hertz) ?? [])])
  }
}

export const tiSciType: BlockType = {
  about:
    "TI's secure proxy and, behind the threads of options request and response, its system firmware (AM62x TRM, TISCI)",
  options: { request: 17, response: 16, clock: 48_000_000 },
  make: (place) => ({ device: new TiSci(place) }),
}
