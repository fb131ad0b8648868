import { hex, OpenampError } from '../../base/errors.js'
import type { BoardDescription, MemoryDescription } from '../../boards/description.js'
import { parts } from '../../boards/parts/index.js'

const MIB = 0x10_0000

/** The kernel itself, and what it has taken before its modules come, lie below: MiB. */
const KERNELS_OWN = 64
/** MiB that the kernel must have above the window, for itself. */
const ABOVE = 48
/** MiB of a guest's memory; what is not used of it costs nothing. */
export const MEMORY = { usual: 512, most: 16_384 } as const
/** RANGES of lab/kernel/modules/openamp_board.c. */
const RANGES_MAX = 32

/** Where a board's memories are, for the kernel and for who plays the board on them. */
export interface Layout {
  /** Where each memory of the description begins in /dev/openamp-board, in their order. */
  readonly offsets: readonly number[]
  /** Parameters of the module openamp_board. */
  readonly parameters: readonly string[]
  /** MiB of memory that the guest must have at least: it reaches beyond the board's window. */
  readonly memory: number
}

/**
 * Lays out the memories of a board as the kernel is to own them: the one for rings and buffers is memory of the
 * kernel's own, at that physical address, all others lie one after the other.
 * @throws ERR_USAGE where the kernel cannot have the rings' memory at its address, or the board has none
 */
export function layoutOf(board: BoardDescription): Layout {
  const { memory } = board
  const window = memory.find(({ name }) => name === board.shared) ?? memory[0]
  checkWindow(board, window)
  let end = 0
  const offsets = new Map<MemoryDescription, number>()
  for (const each of [...memory.filter((other) => other !== window), window]) {
    offsets.set(each, end)
    end += each.size
  }
  const at = (each: MemoryDescription): number => offsets.get(each) ?? 0
  const ranges = memory.flatMap((each) =>
    [each.base, ...(each.aliases ?? [])].map((da) => [da, each.size, at(each)]),
  )
  if (ranges.length > RANGES_MAX) {
    throw refused(board, `it has ${ranges.length} memories and aliases, more than ${RANGES_MAX}`)
  }
  const { machine, bits } = parts[board.core.part]
  return {
    offsets: memory.map(at),
    parameters: [
      `ram_size=${at(window)}`,
      `window_da=${hex(window.base)}`,
      `window_size=${window.size}`,
      `map=${ranges.flat().map(String).join(',')}`,
      ...[`machine=${machine}`, `bits=${bits}`],
    ],
    memory: memoryFor(window),
  }
}

function checkWindow(board: BoardDescription, window: MemoryDescription): void {
  const { name, base } = window
  const where = `its memory for rings and buffers, ${name}, is`
  if (board.memory.length === 1) {
    throw refused(board, `${where} its only one: the kernel wants that one to itself`)
  }
  const [least, most] = [KERNELS_OWN * MIB, MEMORY.most * MIB]
  if (base < least || memoryFor(window) * MIB > most) {
    const bounds = `between ${hex(least)} and ${hex(most - ABOVE * MIB)}`
    throw refused(board, `${where} at ${hex(base)}: the kernel can have it only ${bounds}`)
  }
}

const memoryFor = ({ base, size }: MemoryDescription): number =>
  Math.ceil((base + size) / MIB) + ABOVE

function refused({ name }: BoardDescription, why: string): OpenampError {
  return new OpenampError('ERR_USAGE', `board ${name} cannot be a real Linux's remote: ${why}`)
}
