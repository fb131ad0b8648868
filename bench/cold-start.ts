/** A worker thread that has executed nothing yet: how long from the boot to so many instructions? */
import { parentPort, workerData } from 'node:worker_threads'
import { makeBoard, runOnBoard } from './board.js'
import { rv32 } from './programs.js'

/** What the worker is given as `workerData`; it posts the milliseconds. */
export interface ColdStart {
  readonly loop: number
  readonly rounds: number
}

const { loop, rounds } = workerData as ColdStart
const board = makeBoard(rv32)
parentPort?.postMessage(runOnBoard(board, rv32, loop, rounds).milliseconds)
