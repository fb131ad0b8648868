import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { OpenampError } from '../base/errors.js'
import { Coverage } from '../debug/coverage.js'
import { InstructionTrace } from '../debug/instruction-trace.js'
import { CpuProfiler } from '../debug/profiler.js'
import type { FirmwareImage } from '../firmware/index.js'
import type { Debugger, DebugTarget } from '../machines/index.js'

/** Characters of a trace that are written at once. */
const CHUNK = 0x1_0000

/** What of a run is written into files: the paths, where it is asked for. */
export interface RecordingPaths {
  readonly profile: string | undefined
  readonly coverage: string | undefined
  /** '' for standard error. */
  readonly trace: string | undefined
}

/** Follows the instructions of a remote, and writes at the end of the run what it has seen. */
export class Recordings implements Debugger {
  readonly waits = false
  readonly #paths: RecordingPaths
  readonly #show: (text: string) => void
  #target: DebugTarget | undefined
  #finish: (() => void)[] = []

  /** @param show takes what goes to standard error */
  constructor(paths: RecordingPaths, show: (text: string) => void) {
    this.#paths = paths
    this.#show = show
  }

  add(target: DebugTarget): void {
    this.#target = target
  }

  /** To be called before the remote boots. @throws ERR_SYSTEM where a file cannot be written */
  begin(image: FirmwareImage): void {
    const target = this.#target
    if (target === undefined) return
    const { core, cyclesPerSecond } = target
    const { profile, coverage, trace } = this.#paths
    if (profile !== undefined) {
      const profiler = new CpuProfiler(core, image, cyclesPerSecond)
      core.control.observe(profiler)
      this.#finish.push(() => write(profile, `${JSON.stringify(profiler.profile())}\n`))
    }
    if (coverage !== undefined) {
      const counts = new Coverage()
      core.control.observe(counts)
      this.#finish.push(() => write(coverage, counts.lcov(image)))
    }
    if (trace !== undefined) this.#trace(trace, target, image)
  }

  /** Writes the files. @throws ERR_SYSTEM where one cannot be written */
  finish(): void {
    for (const finish of this.#finish.splice(0)) finish()
  }

  #trace(path: string, { core }: DebugTarget, image: FirmwareImage): void {
    const file = path === '' ? undefined : attempt(path, () => openSync(path, 'w'))
    let text = ''
    const flush = (): void => {
      if (file === undefined) this.#show(text)
      else attempt(path, () => writeSync(file, text))
      text = ''
    }
    const trace = new InstructionTrace(core, image, (line) => {
      text += line
      if (text.length >= CHUNK) flush()
    })
    core.control.observe(trace)
    this.#finish.push(() => {
      flush()
      if (file !== undefined) closeSync(file)
    })
  }
}

function write(path: string, text: string): void {
  attempt(path, () => writeFileSync(path, text))
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : cause
    throw new OpenampError('ERR_SYSTEM', `${path}: cannot be written: ${code}`, { cause })
  }
}
