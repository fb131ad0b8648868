import { spawnSync } from 'node:child_process'
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CortexM } from '../../../src/cores/cortex-m/core.js'
import { type PartName, parts } from '../../../src/cores/cortex-m/parts.js'
import { Region } from '../../../src/memory/region.js'
import type { Image, Layout } from './harness.js'
import { RAM_SIZE } from './places.js'

/** A core, and the machine of QEMU's that has it. */
export interface Target {
  readonly machine: string
  readonly part: PartName
  readonly layout: Layout
}

const MPS2 = { vectors: 0, ram: 0x2100_0000 } as const

export const targets = {
  m0: {
    // Its nRF51 is given as much RAM as the image wants.
    machine: 'microbit',
    part: 'cortex-m0plus',
    layout: { vectors: 0, ram: 0x2000_0000, fpu: false, baseline: true },
  },
  m3: { machine: 'mps2-an385', part: 'cortex-m3', layout: { ...MPS2, fpu: false } },
  m4: { machine: 'mps2-an386', part: 'cortex-m4', layout: { ...MPS2, fpu: true } },
  m7: {
    machine: 'mps2-an500',
    part: 'cortex-m7',
    layout: { vectors: 0, ram: 0x6000_0000, fpu: true },
  },
  m33: {
    machine: 'mps2-an505',
    part: 'cortex-m33',
    layout: { vectors: 0x1000_0000, ram: 0x8000_0000, fpu: true, v8: true },
  },
} as const satisfies Readonly<Record<string, Target>>

/** How the machine comes by its RAM, which is in the file `path` before and after the run. */
function machineWithRam({ machine, layout }: Target, path: string): string[] {
  if (layout.baseline) {
    return [
      ...['-M', machine, '-global', `nrf51-soc.sram-size=${RAM_SIZE}`],
      ...['-device', `loader,file=${path},addr=${layout.ram},force-raw=on`],
    ]
  }
  const backend = `memory-backend-file,id=ram,size=${RAM_SIZE},mem-path=${path},share=on`
  return ['-M', `${machine},memory-backend=ram`, '-object', backend, '-m', '16M']
}

/** Runs the image on QEMU and returns its RAM. */
export function runOnQemu(qemu: string, target: Target, image: Image): Uint8Array {
  const { ram, vectors } = target.layout
  const directory = mkdtempSync(join(tmpdir(), 'against-qemu-'))
  const path = join(directory, 'ram')
  const table = join(directory, 'vectors')
  try {
    const file = openSync(path, 'w')
    ftruncateSync(file, RAM_SIZE)
    for (const { address, bytes } of image.segments) {
      if (address === vectors) writeFileSync(table, bytes)
      else writeSync(file, bytes, 0, bytes.length, address - ram)
    }
    closeSync(file)
    const loader = `loader,file=${table},addr=${vectors},force-raw=on`
    const quiet = ['-nographic', '-monitor', 'none', '-serial', 'none']
    const exit = ['-semihosting-config', 'enable=on,target=native']
    const args = [...machineWithRam(target, path), '-device', loader, ...quiet, ...exit]
    // A machine that shows its RAM itself writes it into the folder that it runs in.
    const result = spawnSync(qemu, args, { cwd: directory, encoding: 'utf8', timeout: 60_000 })
    if (result.status !== 0) {
      throw new Error(`QEMU ended with ${result.signal ?? result.status}: ${result.stderr}`)
    }
    return readFileSync(path)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const GRANULE = 0x1_0000

/**
 * Runs the image on the emulated core and returns its RAM.
 * @param compiled whether everything is compiled, before it is executed for the first time
 */
export function runOnCore(target: Target, image: Image, compiled = false): Uint8Array {
  const { layout, part } = target
  const pages = 2 + RAM_SIZE / GRANULE
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  const { buffer } = memory
  const ram = new Region({
    ...{ name: 'ram', da: layout.ram, size: RAM_SIZE, buffer, offset: 2 * GRANULE },
  })
  const code = new Region({
    ...{ name: 'code', da: layout.vectors, size: 0x1000, buffer, offset: GRANULE },
  })
  for (const { address, bytes } of image.segments) {
    if (address === layout.vectors) code.bytes.set(bytes, 0)
    else ram.bytes.set(bytes, address - layout.ram)
  }
  // What the image's end looks at: there is nobody behind a semihosting call.
  ram.setU32(0, 1)
  const bus = { load: () => -1, store: () => false }
  const system = { secure: part === 'cortex-m33' }
  const core = new CortexM({
    ...{ part: parts[part], regions: [ram, code], bus, system },
    compile: compiled ? { memory, state: 0, threshold: 0 } : undefined,
  })
  core.reset(layout.vectors)
  const stop = core.run(2_000_000_000)
  // Behind a fault it waits for what cannot come: that is told as the crash it is.
  const ended = stop.kind === 'lockup' && stop.reason.includes('waits for ever')
  if (stop.kind !== 'waiting' && !ended) {
    throw new Error(`the core stopped with ${JSON.stringify(stop)}, ${JSON.stringify(core.fault)}`)
  }
  return ram.bytes
}
