import { virtRv32 } from '../dist/boards/catalogue/virt-rv32.js'
import { EmulatedBoard } from '../dist/boards/emulated-board.js'
import { RAM_BASE } from './programs.js'

/** Runs `image` to its end. @returns the instructions executed, and the milliseconds that they took */
export function runOnBoard(
  board: EmulatedBoard,
  image: Uint8Array,
): { readonly instructions: number; readonly milliseconds: number } {
  board.regions[0].bytes.set(image)
  board.reset(RAM_BASE)
  const begun = performance.now()
  const stop = board.run(Number.MAX_SAFE_INTEGER)
  const milliseconds = performance.now() - begun
  if (stop.kind !== 'exited') throw new Error(`the board ended with ${JSON.stringify(stop)}`)
  return { instructions: board.cycle, milliseconds }
}

/** Millions of instructions a second. */
export function mipsOnBoard(board: EmulatedBoard, image: Uint8Array): number {
  const { instructions, milliseconds } = runOnBoard(board, image)
  return instructions / milliseconds / 1000
}

export function makeBoard(): EmulatedBoard {
  return new EmulatedBoard(virtRv32, { ramSize: 0x10_0000 })
}
