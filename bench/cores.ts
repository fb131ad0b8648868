import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { makeBoard, runOnBoard } from './board.js'
import type { ColdStart } from './cold-start.js'
import { type Figure, inTurn, type Measurement, median } from './figure.js'
import { idleRemotes } from './idle.js'
import { cortexM4, type Loop, loops, rv32, type Target } from './programs.js'
import { EXACT, qemuInstalled, runOnQemu } from './qemu.js'

const REPEATS = 5
const WARM_UP = 4
/** Of the mixed loop: some ten million instructions. */
const ROUNDS_TO_START = 155
const ROUNDS_INTERPRETED = 400

/** How fast the emulated cores execute. */
export const cores: readonly Figure[] = [
  ...[rv32, cortexM4].flatMap((target) => loops.flatMap((loop) => figuresOf(target, loop))),
  { name: 'cores.interpreter', unit: 'MIPS', measure: interpreter },
  { name: 'cores.start', unit: 'ms', measure: start },
  { name: 'cores.start.node', unit: 'ms', measure: nodeStart },
  { name: 'cores.idle', unit: 'CPUs', measure: idleRemotes },
]

function figuresOf(target: Target, loop: Loop): Figure[] {
  const name = `cores.${target.name}${loop.number === 0 ? '' : `.${loop.name}`}`
  return [
    { name, unit: 'MIPS', measure: () => steady(target, loop, EXACT) },
    { name: `${name}.plain`, unit: 'MIPS', measure: () => steady(target, loop, []) },
  ]
}

async function steady(
  target: Target,
  loop: Loop,
  options: readonly string[],
): Promise<Measurement> {
  const rounds = loop.rounds[target.name === rv32.name ? 'rv32' : 'cortex-m4']
  const board = makeBoard(target)
  let instructions = 0
  const here = (): number => {
    const run = runOnBoard(board, target, loop.number, rounds)
    instructions = run.instructions
    return instructions / run.milliseconds / 1000
  }
  for (let i = 0; i < WARM_UP; i++) here()
  const name = [target.qemu, ...target.machine.slice(0, 2), ...options].join(' ')
  if (!qemuInstalled(target)) {
    const note = `${name} is not installed`
    return { samples: Array.from({ length: REPEATS }, here), note }
  }
  const [samples, other] = await inTurn(REPEATS, here, () => {
    const times = [1, 2, 3].map(() => runOnQemu(target, options, loop.number, 1))
    const all = runOnQemu(target, options, loop.number, rounds)
    return instructions / (all - median(times)) / 1000
  })
  return { samples, against: { name, samples: other } }
}

async function interpreter(): Promise<Measurement> {
  const board = makeBoard(rv32, false)
  const here = (): number => {
    const { instructions, milliseconds } = runOnBoard(board, rv32, 0, ROUNDS_INTERPRETED)
    return instructions / milliseconds / 1000
  }
  here()
  return { samples: Array.from({ length: REPEATS }, here) }
}

/** Both as they are begun: the thread in which nothing has been compiled yet, QEMU's whole process. */
async function start(): Promise<Measurement> {
  const here = async (): Promise<number> => {
    const workerData: ColdStart = { loop: 0, rounds: ROUNDS_TO_START }
    const worker = new Worker(new URL('./cold-start.js', import.meta.url), { workerData })
    const [milliseconds] = (await once(worker, 'message')) as [number]
    await worker.terminate()
    return milliseconds
  }
  if (!qemuInstalled(rv32)) return { samples: [await here(), await here(), await here()] }
  const [samples, other] = await inTurn(2 * REPEATS, here, () =>
    runOnQemu(rv32, EXACT, 0, ROUNDS_TO_START),
  )
  return { samples, against: { name: `${rv32.qemu}, the whole process`, samples: other } }
}

async function nodeStart(): Promise<Measurement> {
  const samples = Array.from({ length: REPEATS }, () => {
    const begun = performance.now()
    spawnSync(process.execPath, ['-e', '0'])
    return performance.now() - begun
  })
  return { samples }
}
