import type { EmulatedOptions } from '../../dist/machines/index.js'

/** The ways to emulate a board, for tests that hold in each. */
export const machines: readonly (readonly [name: string, options: EmulatedOptions])[] = [
  ['deterministic', { deterministic: true }],
  ['paced', {}],
  ['in a worker', { worker: true }],
]

/** For shutdowns and detaches: a worker may have to wait for its turn on a busy machine. */
export const PATIENT = { deadline: 20_000 }
