/** A worker thread that has executed nothing yet: how fast is it at first, and later? */
import { parentPort, workerData } from 'node:worker_threads'
import { makeBoard, mipsOnBoard } from './board.js'
import { type Loop, loopImage } from './programs.js'

/** What the worker is given as `workerData`. */
export interface ColdStart {
  readonly loop: Loop
  /** Millions of instructions: those of the cold start, and those measured once warm. */
  readonly cold: number
  readonly warm: number
}

/** What the worker posts, in MIPS. */
export interface ColdAndWarm {
  readonly cold: number
  readonly warm: number
}

const { loop, cold, warm } = workerData as ColdStart
const coldImage = loopImage(loop, cold)
const warmImage = loopImage(loop, warm)
const board = makeBoard()
const first = mipsOnBoard(board, coldImage)
mipsOnBoard(board, warmImage)
const later = mipsOnBoard(board, warmImage)
parentPort?.postMessage({ cold: first, warm: later } satisfies ColdAndWarm)
