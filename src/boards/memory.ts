import { OpenampError } from '../base/errors.js'
import { Region } from '../memory/region.js'
import type { BoardDescription, MemoryDescription } from './description.js'
import { MAILBOX_WORDS } from './mailbox-state.js'

/** Bytes of a page of WebAssembly memory: regions begin at multiples of it. */
const GRANULE = 0x1_0000

/** What the core may keep its state in: the first page of the memory, before the regions. */
export const CORE_STATE = 0
export const CORE_STATE_SIZE = GRANULE

/** The buffers that a board stands on, so that another thread can be given the same ones. */
export interface BoardMemory {
  /**
   * The one memory that all regions lie in, each at a multiple of 64 KiB behind a page for the state
   * of the core, so that compiled code reaches everything in it; undefined where there is none.
   */
  readonly wasm: WebAssembly.Memory | undefined
  /** The description's memories in its order. */
  readonly regions: readonly RegionBuffer[]
  /** The mailbox's state: an Int32Array over it makes a `MailboxHost`. */
  readonly mailbox: ArrayBuffer | SharedArrayBuffer
}

/** Where a region is: in a buffer of its own, or in the one memory. */
export interface RegionBuffer {
  readonly buffer?: ArrayBuffer | SharedArrayBuffer
  readonly offset: number
}

/**
 * A description with the memory named `ram` of another size; undefined leaves it as it is.
 * @throws ERR_USAGE where there is none of that name
 */
export function withRamSize(
  board: BoardDescription,
  ramSize: number | undefined,
): BoardDescription {
  if (ramSize === undefined) return board
  if (!board.memory.some(({ name }) => name === RAM)) {
    throw new OpenampError(
      'ERR_USAGE',
      `board ${board.name}: it has no memory "${RAM}" to be resized`,
    )
  }
  const [first, ...rest] = board.memory
  const resize = (memory: MemoryDescription): MemoryDescription =>
    memory.name === RAM ? { ...memory, size: ramSize } : memory
  return { ...board, memory: [resize(first), ...rest.map(resize)] }
}

/** The memory whose size the user may choose, where a board has one of that name. */
export const RAM = 'ram'

/**
 * The buffers of a board that does not exist yet.
 * @param shared true for memory that threads can share
 */
export function allocateMemory(board: BoardDescription, shared = false): BoardMemory {
  let end = CORE_STATE_SIZE
  const offsets = board.memory.map(({ size }) => {
    const offset = end
    end += Math.ceil(size / GRANULE) * GRANULE
    return offset
  })
  const Buffer = shared ? SharedArrayBuffer : ArrayBuffer
  const mailbox = new Buffer(4 * MAILBOX_WORDS)
  if (typeof WebAssembly === 'undefined') {
    const buffer = new Buffer(end)
    return { wasm: undefined, regions: offsets.map((offset) => ({ buffer, offset })), mailbox }
  }
  const pages = end / GRANULE
  const wasm = new WebAssembly.Memory({ initial: pages, maximum: pages, shared })
  return { wasm, regions: offsets.map((offset) => ({ offset })), mailbox }
}

/** Where the memories of a board are, for those who check addresses. */
export function memoriesOf(
  board: BoardDescription,
): readonly { readonly name: string; readonly da: number; readonly size: number }[] {
  return board.memory.flatMap(({ name, base, size, aliases = [] }) =>
    [base, ...aliases].map((da) => ({ name, da, size })),
  )
}

/** The regions of a board, aliases behind the memories themselves. */
export function mapMemory(board: BoardDescription, memory: BoardMemory): [Region, ...Region[]] {
  const [first, ...rest] = board.memory
  const place = (index: number): { buffer?: ArrayBuffer | SharedArrayBuffer; offset: number } => {
    const { buffer = memory.wasm?.buffer, offset = 0 } = memory.regions[index] ?? {}
    return buffer === undefined ? { offset } : { buffer, offset }
  }
  const region = ({ name, base, size }: MemoryDescription, index: number): Region =>
    new Region({ name, da: base, size, ...place(index) })
  const aliases = board.memory.flatMap(({ name, size, aliases: bases = [] }, index) =>
    bases.map(
      (da) => new Region({ name: `${name} at 0x${da.toString(16)}`, da, size, ...place(index) }),
    ),
  )
  return [region(first, 0), ...rest.map((each, i) => region(each, i + 1)), ...aliases]
}
