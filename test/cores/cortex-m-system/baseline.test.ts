import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CortexM } from '../../../src/cores/cortex-m/core.js'
import { parts } from '../../../src/cores/cortex-m/parts.js'
import { Region } from '../../../src/memory/region.js'
import { needsTool } from '../../tools.js'
import {
  ALONE,
  baselineAssembly,
  baselineCases,
  baselineFields,
  LOG,
  RAM,
  RAM_SIZE,
} from './baseline.js'
import { CASE, EVENT, NOTE } from './runtime.js'

const qemu = needsTool('qemu-system-arm', 'qemu-system-arm', 1)
const assembler = needsTool('arm-none-eabi-as', 'binutils-arm-none-eabi', 1)
const folder = mkdtempSync(join(tmpdir(), 'cortex-m0-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The program, to be loaded at 0. */
function assemble(): Uint8Array {
  const run = (tool: string, ...args: string[]): unknown =>
    execFileSync(tool, args, { cwd: folder })
  writeFileSync(join(folder, 'image.s'), baselineAssembly(baselineCases))
  run('arm-none-eabi-as', '-o', 'image.o', 'image.s')
  run('arm-none-eabi-ld', '-Ttext', '0', '-e', '0', '-o', 'image.elf', 'image.o')
  run('arm-none-eabi-objcopy', '-O', 'binary', 'image.elf', 'image.bin')
  return readFileSync(join(folder, 'image.bin'))
}

function runOnQemu(): Uint8Array {
  const machine = ['-M', 'microbit', '-global', `nrf51-soc.sram-size=${RAM_SIZE}`, '-nodefaults']
  const image = ['-device', 'loader,file=image.bin,addr=0,force-raw=on', '-icount', 'shift=0']
  const quiet = ['-nographic', '-monitor', 'none', '-serial', 'none']
  const exit = ['-semihosting-config', 'enable=on,target=native']
  const options = { cwd: folder, timeout: 20_000 }
  execFileSync(qemu ?? '', [...machine, ...image, ...quiet, ...exit], options)
  return readFileSync(join(folder, 'log'))
}

function runOnCore(image: Uint8Array): Uint8Array {
  const flash = new Region({ name: 'flash', da: 0, size: 0x4_0000 })
  const ram = new Region({ name: 'ram', da: RAM, size: RAM_SIZE })
  flash.bytes.set(image)
  ram.setU32(ALONE, 1)
  const core = new CortexM({
    ...{ part: parts['cortex-m0plus'], regions: [ram, flash] },
    bus: { load: () => -1, store: () => false },
  })
  core.reset(0)
  const stop = core.run(10_000_000)
  expect([stop, core.fault]).toEqual([{ kind: 'waiting' }, core.fault])
  return ram.bytes.subarray(LOG)
}

/** What each case has left in the log, as lines. */
function read(log: Uint8Array): string[][] {
  const words = new Uint32Array(log.buffer, log.byteOffset, log.length / 4)
  const logs: string[][] = []
  for (let at = 0; ; ) {
    const word = words[at] ?? 0
    const current = logs.at(-1)
    if (word >>> 16 === EVENT) {
      baselineFields.forEach((field, i) => {
        current?.push(`${field}: ${(words[at + i] ?? 0).toString(16)}`)
      })
      at += baselineFields.length
    } else if (word >>> 16 === NOTE) {
      current?.push(`noted: ${(words[at + 1] ?? 0).toString(16)}`)
      at += 2
    } else if (word >>> 16 === CASE && (word & 0xffff) < baselineCases.length) {
      logs.push([])
      at += 1
    } else return logs
  }
}

describe.skipIf(qemu === undefined || assembler === undefined)('exceptions of ARMv6-M', () => {
  it('are taken and returned from as on the Cortex-M0 that QEMU has', () => {
    const image = assemble()
    const [expected, found] = [read(runOnQemu()), read(runOnCore(image))]
    console.log(`microbit: ${baselineCases.length} programs compared`)
    expect(expected.length).toBe(baselineCases.length)
    const kept = (log: readonly string[] | undefined, ignore: readonly string[]): string[] =>
      (log ?? ['nothing']).filter((line) => !ignore.includes(line.split(':')[0] ?? ''))
    for (const [i, { name, ignore = [] }] of baselineCases.entries()) {
      expect.soft([name, ...kept(found[i], ignore)]).toEqual([name, ...kept(expected[i], ignore)])
    }
  })
})
