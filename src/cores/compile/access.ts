import type { MappedRegion } from '../memory.js'
import type { Code } from './code.js'
import { Wasm } from './opcodes.js'

/** More regions than these are reached through the interpreter. */
const MOST_REGIONS = 3

/** A region of the board's memory, and where it lies in the WebAssembly memory. */
interface Window {
  readonly base: number
  readonly size: number
  readonly place: number
}

/** Emits accesses to the board's memory. */
export class MemoryAccess {
  readonly #windows: readonly Window[]
  readonly #lowest: number
  /** Whether others may store into it at any time. */
  readonly shared: boolean

  /** @param buffer of the WebAssembly memory: regions that lie elsewhere are not reached from here */
  constructor(regions: readonly MappedRegion[], buffer: ArrayBufferLike) {
    this.#windows = regions
      .filter(({ bytes }) => bytes.buffer === buffer)
      .slice(0, MOST_REGIONS)
      .map(({ base, size, bytes }) => ({ base, size, place: bytes.byteOffset }))
    this.shared = typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer
    this.#lowest = Math.min(...this.#windows.map(({ place }) => place))
  }

  /**
   * Turns the address in local `address` into one of the WebAssembly memory, in the same local.
   * @param log2 of the alignment
   * @param leave emits what is done where the access is not aligned, or no memory is there
   * @param span bytes of the access, where they are more than its alignment
   * @param written where the word is that a store into another region than the first sets to 1
   * @returns what is to be added to the address: the constant offset of the access
   */
  place(
    code: Code,
    address: number,
    log2: number,
    leave: () => void,
    span = 1 << log2,
    written?: number,
  ): number {
    const [main, ...others] = this.#windows
    if (main === undefined) {
      leave()
      return 0
    }
    // Relative to the first region; the others are tried where it is not in that one.
    add(code, address, -main.base | 0)
    this.#test(code, address, main, log2, span)
    code.if()
    const found = code.block()
    let { base } = main
    for (const window of others) {
      const missed = code.block()
      add(code, address, (base - window.base) | 0)
      base = window.base
      this.#test(code, address, window, log2, span)
      code.brIf(missed)
      add(code, address, window.place - main.place)
      if (written !== undefined) {
        code.const(written)
        code.const(1)
        code.access(Wasm.I32_STORE, 2, 0)
      }
      code.br(found)
      code.end()
    }
    leave()
    code.end()
    code.end()
    add(code, address, main.place - this.#lowest)
    return this.#lowest
  }

  /** Where in the WebAssembly memory the word at `address` is; undefined where it is not in there. */
  placeOf(address: number): number | undefined {
    const window = this.#windows.find(({ base, size }) => (address - base) >>> 0 < size)
    return window === undefined ? undefined : window.place + ((address - window.base) >>> 0)
  }

  /** Bounds and alignment in one: leaves on the stack 0 where both are kept. */
  #test(code: Code, address: number, { size }: Window, log2: number, span: number): void {
    const misaligned = (1 << log2) - 1
    code.get(address)
    if ((size & (size - 1)) === 0 && span === 1 << log2) {
      code.const(~(size - 1) | misaligned)
      code.op(Wasm.I32_AND)
      return
    }
    // What is misaligned becomes a large number.
    if (log2 > 0) {
      code.const(log2)
      code.op(Wasm.I32_ROTR)
    }
    code.const((size - span) >>> log2)
    code.op(Wasm.I32_GT_U)
  }
}

function add(code: Code, local: number, value: number): void {
  if (value === 0) return
  code.get(local)
  code.const(value)
  code.op(Wasm.I32_ADD)
  code.set(local)
}
