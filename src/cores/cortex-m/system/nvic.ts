import type { Cpu } from '../cpu.js'
import { Exception, MOST_INTERRUPTS } from './exception.js'
import type { ExceptionState } from './exception-state.js'

// Offsets in the system control space (Armv7-M ARM, "Register support for the NVIC"). Each block
// has its registers 4 bytes apart, 32 interrupts to a word, but for the priorities: a byte each.
const ISER = 0x100
const ICER = 0x180
const ISPR = 0x200
const ICPR = 0x280
const IABR = 0x300
const IPR = 0x400
const IPR_END = IPR + MOST_INTERRUPTS
const BLOCK = 0x80

/** Words of a block that stand for interrupts. */
const WORDS = Math.ceil(MOST_INTERRUPTS / 32)

/** External interrupts: their lines, and the registers that enable, pend and rank them. */
export class Nvic {
  readonly #cpu: Cpu
  readonly #state: ExceptionState
  /** The lines that are high, 32 to a word. */
  readonly #high = new Int32Array(WORDS)

  constructor(cpu: Cpu, state: ExceptionState) {
    this.#cpu = cpu
    this.#state = state
  }

  reset(): void {
    this.#high.fill(0)
  }

  /**
   * Drives a line. A rising edge makes its interrupt pending, and so does a high line whenever the
   * interrupt is not active; it stays pending when the line falls before it has been taken.
   */
  setLine(line: number, high: boolean): void {
    if (line < 0 || line >= this.#cpu.part.interrupts) return
    const word = line >>> 5
    const bit = 1 << (line & 31)
    const lines = this.#high[word] ?? 0
    this.#high[word] = high ? lines | bit : lines & ~bit
    const number = Exception.EXTERNAL + line
    const rises = high && (lines & bit) === 0
    if (rises || (high && !this.#state.isActive(number))) this.#pend(number)
  }

  /** The handler of exception `number` has returned: a line that is still high pends it again. */
  returned(number: number): void {
    const line = number - Exception.EXTERNAL
    if (line >= 0 && (this.#high[line >>> 5] ?? 0) & (1 << (line & 31))) this.#pend(number)
  }

  /** Pends an external interrupt by its number, as STIR does. */
  trigger(line: number): void {
    if (line < this.#cpu.part.interrupts) this.#pend(Exception.EXTERNAL + line)
  }

  /** @returns a register's word; `offset` is a multiple of 4 */
  load(offset: number): number {
    const index = (offset & (BLOCK - 1)) >>> 2
    switch (offset & ~(BLOCK - 1)) {
      case ISER:
      case ICER:
        return this.#state.enabledWord(index)
      case ISPR:
      case ICPR:
        return this.#state.pendingWord(index)
      case IABR:
        return this.#cpu.part.architecture === 'v6-m' ? 0 : this.#state.activeWord(index)
      default:
        break
    }
    if (offset < IPR || offset >= IPR_END) return 0
    const number = Exception.EXTERNAL + offset - IPR
    let word = 0
    for (let i = 0; i < 4; i++) word |= this.#state.priority(number + i) << (8 * i)
    return word
  }

  /** A store of a word, or of part of the priorities: `offset` is a multiple of `size`. */
  store(offset: number, size: number, value: number): void {
    if (offset >= IPR && offset < IPR_END) {
      for (let i = 0; i < size; i++) {
        const number = Exception.EXTERNAL + offset - IPR + i
        this.#state.setPriority(number, (value >>> (8 * i)) & 0xff)
      }
      return
    }
    if (size !== 4) return
    const state = this.#state
    const index = (offset & (BLOCK - 1)) >>> 2
    switch (offset & ~(BLOCK - 1)) {
      case ISER:
        state.setEnabledWord(index, state.enabledWord(index) | value)
        break
      case ICER:
        state.setEnabledWord(index, state.enabledWord(index) & ~value)
        break
      case ISPR:
        state.setPendingWord(index, state.pendingWord(index) | value)
        break
      case ICPR: {
        // A line that holds its interrupt up is not talked down (Armv8-M ARM, rule CVJS).
        const held = (this.#high[index] ?? 0) & ~state.activeWord(index)
        state.setPendingWord(index, state.pendingWord(index) & (~value | held))
        break
      }
      default:
        break
    }
  }

  #pend(number: number): void {
    if (!this.#state.isPending(number)) this.#state.setPending(number)
  }
}
