import { spawnSync } from 'node:child_process'
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CortexR } from '../../../src/cores/cortex-r/core.js'
import { cortexR5 } from '../../../src/cores/cortex-r/parts.js'
import { Region } from '../../../src/memory/region.js'
import { RAM_SIZE } from '../cortex-m/places.js'
import type { Image } from './harness.js'

/** Runs the image on QEMU's machine without devices, and returns its RAM. */
export function runOnQemu(qemu: string, image: Image): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), 'against-qemu-'))
  const path = join(directory, 'ram')
  try {
    const file = openSync(path, 'w')
    ftruncateSync(file, RAM_SIZE)
    for (const { address, bytes } of image.segments) {
      writeSync(file, bytes, 0, bytes.length, address)
    }
    closeSync(file)
    const backend = `memory-backend-file,id=ram,size=${RAM_SIZE},mem-path=${path},share=on`
    const args = [
      ...['-M', 'none,memory-backend=ram', '-cpu', 'cortex-r5f', '-m', '16M', '-object', backend],
      ...['-nographic', '-monitor', 'none', '-serial', 'none'],
      ...['-semihosting-config', 'enable=on,target=native'],
    ]
    const result = spawnSync(qemu, args, { cwd: directory, encoding: 'utf8', timeout: 60_000 })
    if (result.status !== 0) {
      throw new Error(`QEMU ended with ${result.signal ?? result.status}: ${result.stderr}`)
    }
    return readFileSync(path)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Runs the image on the emulated core and returns its RAM. */
export function runOnCore(image: Image): Uint8Array {
  const buffer = new ArrayBuffer(RAM_SIZE)
  const ram = new Region({ name: 'ram', da: 0, size: RAM_SIZE, buffer, offset: 0 })
  for (const { address, bytes } of image.segments) ram.bytes.set(bytes, address)
  const bus = { load: () => -1, store: () => false }
  const core = new CortexR({ part: cortexR5, regions: [ram], bus })
  let ended = false
  core.cpu.semihost = () => {
    ended = true
    return 0
  }
  core.reset(0)
  const stop = core.run(2_000_000_000)
  if (stop.kind !== 'waiting' || !ended) {
    throw new Error(`the core stopped with ${JSON.stringify(stop)}, ${JSON.stringify(core.state)}`)
  }
  return ram.bytes
}
