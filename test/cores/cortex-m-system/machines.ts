import { spawnSync } from 'node:child_process'
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CortexM } from '../../../src/cores/cortex-m/core.js'
import { parts } from '../../../src/cores/cortex-m/parts.js'
import { Region } from '../../../src/memory/region.js'
import { assembly, type SystemCase, type Target } from './runtime.js'

const MEMORY = 0x10_0000
const LOG_SIZE = 0x100_0000
const MOST_CYCLES = 50_000_000

/** Does something with a folder that is gone afterwards. */
function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'cortex-m-'))
  try {
    return work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @returns how the command has failed, if it has */
function failure(command: string, args: readonly string[]): string | undefined {
  const result = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000 })
  if (result.status === 0) return undefined
  return `${command} ended with ${result.signal ?? result.status}: ${result.stderr}`
}

function run(command: string, args: readonly string[]): void {
  const failed = failure(command, args)
  if (failed !== undefined) throw new Error(failed)
}

/** What a machine has written into the log, and how it ended if not by asking for a reset. */
export interface Outcome {
  readonly log: Uint8Array
  readonly failure: string | undefined
}

/** The image as bytes, to be loaded at `target.code`. */
export function assemble(target: Target, cases: readonly SystemCase[]): Uint8Array {
  return inFolder((folder) => {
    const at = (name: string): string => join(folder, name)
    writeFileSync(at('image.s'), assembly(target, cases))
    run('arm-none-eabi-as', ['-o', at('image.o'), at('image.s')])
    const place = ['-Ttext', `0x${target.code.toString(16)}`, '-e', '0']
    run('arm-none-eabi-ld', [...place, '-o', at('image.elf'), at('image.o')])
    run('arm-none-eabi-objcopy', ['-O', 'binary', at('image.elf'), at('image.bin')])
    return new Uint8Array(readFileSync(at('image.bin')))
  })
}

/** Runs the image on QEMU, whose log memory is a file, until it asks for a reset. */
export function runOnQemu(target: Target, image: Uint8Array): Outcome {
  return inFolder((folder) => {
    const log = join(folder, 'log')
    closeSync(openSync(log, 'w'))
    ftruncateSync(openSync(log, 'r+'), LOG_SIZE)
    const binary = join(folder, 'image.bin')
    writeFileSync(binary, image)
    const ram = `memory-backend-file,id=ram,size=${LOG_SIZE},mem-path=${log},share=on`
    const failed = failure('qemu-system-arm', [
      ...['-M', `${target.machine},memory-backend=ram`, '-object', ram, '-m', '16M'],
      ...['-device', `loader,file=${binary},addr=${target.code},force-raw=on`],
      // One instruction at a time is exact about where an interrupt comes in.
      ...['-icount', 'shift=0', '-no-reboot', '-nodefaults', '-nographic'],
      ...['-monitor', 'none', '-serial', 'none'],
    ])
    return { log: new Uint8Array(readFileSync(log)), failure: failed }
  })
}

/** Runs the image on the emulated core, until it asks for a reset. */
export function runOnCore(target: Target, image: Uint8Array): Outcome {
  const code = new Region({ name: 'code', da: target.code, size: MEMORY })
  const data = new Region({ name: 'data', da: target.data, size: MEMORY })
  const log = new Region({ name: 'log', da: target.log, size: LOG_SIZE })
  code.bytes.set(image)
  const secure = target.cpu === 'cortex-m33'
  const core = new CortexM({
    // The one of QEMU's that is in the Secure state has twice the regions, and one clock.
    part: { ...parts[target.cpu], mpuRegions: secure ? 16 : 8 },
    regions: [data, code, log],
    bus: { load: () => -1, store: () => false },
    system: secure ? { secure } : { systick: { referenceCycles: 25, tenMilliseconds: 9999 } },
  })
  core.reset(target.code)
  const stop = core.run(MOST_CYCLES)
  const where = `the core stopped at pc 0x${core.pc.toString(16)} with ${JSON.stringify(stop)}`
  return { log: log.bytes, failure: stop.kind === 'reset' ? undefined : where }
}
