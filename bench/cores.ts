import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { makeBoard, mipsOnBoard, runOnBoard } from './board.js'
import type { ColdAndWarm, ColdStart } from './cold-start.js'
import { type Figure, inTurn, type Measurement, median } from './figure.js'
import { emptyImage, integerLoop, type Loop, loopImage, memoryLoop } from './programs.js'
import { qemuInstalled, qemuName, runOnQemu } from './qemu.js'

const REPEATS = 5
/** Millions of instructions in a repeat: enough for about a second of QEMU's time. */
const MILLIONS_HERE = 40
const MILLIONS_QEMU = 400
const MILLIONS_COLD = 3

/** How fast the emulated core executes. */
export const cores: readonly Figure[] = [integerLoop, memoryLoop].flatMap((loop) => [
  { name: `cores.rv32.${loop.name}`, unit: 'MIPS', measure: () => steady(loop) },
  { name: `cores.rv32.${loop.name}.cold`, unit: 'MIPS', measure: () => cold(loop) },
])

async function steady(loop: Loop): Promise<Measurement> {
  const board = makeBoard()
  const image = loopImage(loop, MILLIONS_HERE)
  const here = () => mipsOnBoard(board, image)
  here()
  if (!qemuInstalled()) {
    const note = `${qemuName} is not installed (Debian package qemu-system-misc)`
    return { samples: Array.from({ length: REPEATS }, here), note }
  }
  const long = loopImage(loop, MILLIONS_QEMU)
  // The instructions of the long image, by those of the short one: the setup is a handful.
  const instructions = runOnBoard(board, image).instructions * (MILLIONS_QEMU / MILLIONS_HERE)
  const [samples, other] = await inTurn(REPEATS, here, () => {
    const start = median([runOnQemu(emptyImage), runOnQemu(emptyImage), runOnQemu(emptyImage)])
    return instructions / (runOnQemu(long) - start) / 1000
  })
  return { samples, against: { name: qemuName, samples: other } }
}

/** The first few million instructions in a thread in which nothing has been compiled yet. */
async function cold(loop: Loop): Promise<Measurement> {
  const samples: number[] = []
  const warm: number[] = []
  const workerData: ColdStart = { loop, cold: MILLIONS_COLD, warm: MILLIONS_HERE }
  for (let i = 0; i < REPEATS; i++) {
    const worker = new Worker(new URL('./cold-start.js', import.meta.url), { workerData })
    const [result] = (await once(worker, 'message')) as [ColdAndWarm]
    samples.push(result.cold)
    warm.push(result.warm)
    await worker.terminate()
  }
  return { samples, against: { name: 'the same thread once it is warm', samples: warm } }
}
