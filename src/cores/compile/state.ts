/**
 * What compiled code and the core share beside the memory of the board: a piece of the same
 * WebAssembly memory. Byte offsets from its start.
 */
export const STATE_SIZE = 0x1_0000

/** The core's registers, a word each, of which there is room for 256. */
export const REGISTERS = 0
/** What is left of the instructions that might be executed, as compiled code was left. */
export const LEFT = 0x800
/** `LEFT` where the core has not made an access that it was asked for: the interpreter is to come to it. */
export const REFUSED = -1
/** Not 0 once compiled code has stored into another region than the first (`MappedMemory.written`). */
export const WRITTEN = 0x804

/**
 * Where jumps to computed addresses go that have been made before: two words each, the address and
 * the number of the entry there, at the place that the address has by its lower bits.
 */
export const JUMPS = 0x8000
export const JUMP_MASK = 0x7ff8
/** Numbers of entries that each module has to itself. */
export const ENTRIES_PER_MODULE = 1024

/** So many instructions are executed at most between two looks at what is left. */
export const LONGEST_UNCHECKED = 96

/** The place in the table of jumps, in bytes from its start, of an even address. */
export function jumpPlace(pc: number): number {
  return (pc << 2) & JUMP_MASK
}

/**
 * What compiled code returns is the address at which it was left, which is even, and this bit where
 * the interpreter has to go on there: not because the code is not part of the region.
 */
export const INTERPRET = 1

/** A WebAssembly.Memory, for programs whose compiler does not know the browser's types. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
  toFixedLengthBuffer(): ArrayBuffer
  toResizableBuffer(): ArrayBuffer
}

/** Where in a WebAssembly memory all that a core reaches directly is. */
export interface CompiledMemory {
  readonly memory: WasmMemory
  /** Byte offset of `STATE_SIZE` bytes for the core's state, a multiple of 65,536. */
  readonly state: number
}
