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
import { virtRv32 } from '../../src/boards/catalogue/virt-rv32.js'
import { virtRv64 } from '../../src/boards/catalogue/virt-rv64.js'
import { EmulatedBoard } from '../../src/boards/emulated-board.js'
import { type Image, RAM_BASE, RAM_SIZE } from './harness.js'

/** A hart as much like the board's as QEMU 7.2 has it: RV32IMAFC with Zba, Zbb, Zbs, U-mode, PMP. */
const rv32 = [
  'rv32',
  'pmu-num=29',
  ...['u', 'f', 'zba', 'zbb', 'zbs', 'pmp'].map((feature) => `${feature}=true`),
  ...['s', 'd', 'h', 'zbc', 'mmu', 'debug', 'sstc'].map((feature) => `${feature}=false`),
].join(',')

/** RV64IMAC with U-mode and PMP. */
const rv64 = [
  'rv64',
  'pmu-num=29',
  ...['u', 'pmp'].map((feature) => `${feature}=true`),
  ...['s', 'f', 'd', 'h', 'zba', 'zbb', 'zbc', 'zbs', 'mmu', 'debug', 'sstc'].map(
    (feature) => `${feature}=false`,
  ),
].join(',')

/** Runs the image on QEMU, whose RAM is a file, and returns that RAM. */
export function runOnQemu(qemu: string, image: Image): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), 'against-qemu-'))
  const path = join(directory, 'ram')
  try {
    const file = openSync(path, 'w')
    ftruncateSync(file, RAM_SIZE)
    for (const { address, bytes } of image.segments) {
      writeSync(file, bytes, 0, bytes.length, address - RAM_BASE)
    }
    closeSync(file)
    const ram = `memory-backend-file,id=ram,size=${RAM_SIZE},mem-path=${path},share=on`
    const args = ['-M', 'virt,memory-backend=ram', '-object', ram, '-m', `${RAM_SIZE / 2 ** 20}M`]
    const quiet = ['-nographic', '-monitor', 'none', '-serial', 'none', '-nodefaults']
    const result = spawnSync(
      qemu,
      [...args, '-cpu', image.wide ? rv64 : rv32, '-bios', 'none', ...quiet],
      {
        encoding: 'utf8',
        timeout: 60_000,
      },
    )
    if (result.status !== 0) {
      throw new Error(`QEMU ended with ${result.signal ?? result.status}: ${result.stderr}`)
    }
    return readFileSync(path)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/**
 * Runs the image on the emulated board and returns its RAM.
 * @param compile how often code must be found executing before it is compiled; false for never
 */
export function runOnBoard(image: Image, compile: number | boolean = true): Uint8Array {
  const board = new EmulatedBoard(image.wide ? virtRv64 : virtRv32, { ramSize: RAM_SIZE, compile })
  const [ram] = board.regions
  for (const { address, bytes } of image.segments) ram.bytes.set(bytes, address - RAM_BASE)
  board.reset(RAM_BASE)
  const stop = board.run(2_000_000_000)
  if (stop.kind !== 'exited') throw new Error(`the board stopped with ${JSON.stringify(stop)}`)
  return ram.bytes
}

/** `mstatus.SXL`: QEMU 7.2 shows there what an S-mode would be that its hart has not. */
const SXL_FIELD = "mstatus's upper half"
const SXL = 8

/** One line for each field of each case in which the two differ. */
export function differences(image: Image, qemu: Uint8Array, board: Uint8Array): string[] {
  const lines: string[] = []
  const left = new DataView(qemu.buffer, qemu.byteOffset)
  const right = new DataView(board.buffer, board.byteOffset)
  image.cases.forEach(({ name, ignore }, index) => {
    image.fields.forEach((field, i) => {
      const at = image.recordOffset(index) + 4 * i
      const expected = left.getUint32(at, true) & (field === SXL_FIELD ? ~SXL : ~0)
      const found = right.getUint32(at, true)
      if (expected >>> 0 !== found && !ignore?.includes(field)) {
        lines.push(
          `${name}: ${field} is 0x${(expected >>> 0).toString(16)} on QEMU, 0x${found.toString(16)} here`,
        )
      }
    })
  })
  return lines
}
