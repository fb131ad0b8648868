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

  /** @param buffer of the WebAssembly memory: regions that lie elsewhere are not reached from here */
  constructor(regions: readonly MappedRegion[], buffer: ArrayBufferLike) {
    this.#windows = regions
      .filter(({ bytes }) => bytes.buffer === buffer)
      .slice(0, MOST_REGIONS)
      .map(({ base, size, bytes }) => ({ base, size, place: bytes.byteOffset }))
    this.#lowest = Math.min(...this.#windows.map(({ place }) => place))
  }

  /**
   * Turns the address in local `address` into one of the WebAssembly memory, in the same local.
   * @param log2 of the size of the access
   * @param leave emits what is done where the access is not aligned, or no memory is there
   * @param first the region that it is likely in
   * @returns what is to be added to the address: the constant offset of the access
   */
  place(code: Code, address: number, log2: number, leave: () => void, first = 0): number {
    const main = this.#windows[first]
    const others = this.#windows.filter((window) => window !== main)
    if (main === undefined) {
      leave()
      return 0
    }
    if (others.length === 0) {
      this.#miss(code, address, main, log2)
      code.if()
      leave()
      code.end()
      this.#move(code, address, main)
      return this.#lowest
    }
    // The address relative to the first region; the others are tried where it is not in that one.
    this.#miss(code, address, main, log2)
    code.if()
    const found = code.block()
    let base = main.base
    for (const window of others) {
      const missed = code.block()
      code.get(address)
      code.const((base - window.base) | 0)
      code.op(Wasm.I32_ADD)
      code.set(address)
      base = window.base
      this.#test(code, address, window, log2)
      code.brIf(missed)
      code.get(address)
      code.const(window.place - main.place)
      code.op(Wasm.I32_ADD)
      code.set(address)
      code.br(found)
      code.end()
    }
    leave()
    code.end()
    code.end()
    this.#move(code, address, main)
    return this.#lowest
  }

  /** Leaves on the stack whether the address, made relative to the window, is none of its places. */
  #miss(code: Code, address: number, window: Window, log2: number): void {
    code.get(address)
    code.const(-window.base | 0)
    code.op(Wasm.I32_ADD)
    code.set(address)
    this.#test(code, address, window, log2)
  }

  /** Bounds and alignment in one. */
  #test(code: Code, address: number, { size }: Window, log2: number): void {
    const misaligned = (1 << log2) - 1
    code.get(address)
    if ((size & (size - 1)) === 0) {
      code.const(~(size - 1) | misaligned)
      code.op(Wasm.I32_AND)
      return
    }
    // What is misaligned becomes a large number.
    if (log2 > 0) {
      code.const(log2)
      code.op(Wasm.I32_ROTR)
    }
    code.const(size >>> log2)
    code.op(Wasm.I32_GE_U)
  }

  #move(code: Code, address: number, main: Window): void {
    if (main.place === this.#lowest) return
    code.get(address)
    code.const(main.place - this.#lowest)
    code.op(Wasm.I32_ADD)
    code.set(address)
  }
}
