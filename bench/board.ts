import { EmulatedBoard } from '../dist/boards/emulated-board.js'
import { entryOf, segmentsOf, type Target } from './programs.js'

/** Makes a board, and puts the program into it. */
export function makeBoard(target: Target, compile = true): EmulatedBoard {
  const board = new EmulatedBoard(target.board, { compile })
  for (const { address, bytes } of segmentsOf(target.image)) {
    place(board, address, bytes.length).set(bytes)
  }
  return board
}

/** Runs so many rounds of the loop. @returns instructions executed, and the milliseconds that they took */
export function runOnBoard(
  board: EmulatedBoard,
  target: Target,
  loop: number,
  rounds: number,
): { readonly instructions: number; readonly milliseconds: number } {
  const parameters = place(board, target.parameters, 8)
  parameters.set(new Uint8Array(Uint32Array.of(loop, rounds).buffer))
  board.reset(entryOf(target.image))
  const begun = performance.now()
  const stop = board.run(Number.MAX_SAFE_INTEGER)
  const milliseconds = performance.now() - begun
  if (stop.kind !== 'exited') throw new Error(`the board ended with ${JSON.stringify(stop)}`)
  return { instructions: board.cycle, milliseconds }
}

function place(board: EmulatedBoard, address: number, size: number): Uint8Array {
  const region = board.regions.find(({ da, size }) => address >= da && address < da + size)
  if (region === undefined) throw new Error(`no memory at 0x${address.toString(16)}`)
  return region.bytes.subarray(address - region.da, address - region.da + size)
}
