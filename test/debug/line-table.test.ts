import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { LineTable, readElf } from '../../src/firmware/index.js'
import { Random } from '../cores/random.js'
import { needsTool } from '../tools.js'

const firmware = fileURLToPath(new URL('../../firmware', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'lines-'))
afterAll(() => rmSync(folder, { recursive: true }))

const riscv = needsTool('riscv64-unknown-elf-gcc', 'gcc-riscv64-unknown-elf', 6)

/** A program of a few sources of ours, with line numbers of that version of DWARF. */
function build(version: number, arch = ['-march=rv32imac', '-mabi=ilp32']): string {
  const file = join(folder, `lines-${version}.elf`)
  const sources = ['lib/text.c', 'lib/memory.c', 'lib/virtqueue.c']
  const flags = [
    '-O2',
    '-ffreestanding',
    '-nostdlib',
    '-Wl,-Ttext=0x20000',
    '-Wl,-emain',
    '-Ilib',
    '-Iboards/virt-rv32',
    '-Ifamilies/riscv',
  ]
  const unused = '-Wl,--unresolved-symbols=ignore-all'
  const args = [...arch, `-gdwarf-${version}`, ...flags, unused, '-w', '-o', file, ...sources]
  execFileSync(riscv ?? '', args, { cwd: firmware, stdio: 'pipe' })
  return file
}

describe.skipIf(riscv === undefined)('line numbers', () => {
  test.each([2, 3, 4, 5])('of DWARF %i are those that addr2line finds', (version) => {
    const file = build(version)
    const image = readElf(readFileSync(file))
    const text = image.section('.text')
    const start = text?.addr ?? 0
    const addresses = Array.from({ length: (text?.size ?? 0) / 2 }, (_, n) => start + 2 * n)
    const args = ['-e', file, ...addresses.map((address) => address.toString(16))]
    const tool = (riscv ?? '').replace(/gcc$/, 'addr2line')
    const expected = execFileSync(tool, args, { encoding: 'utf8' })
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/ \(discriminator \d+\)/, '').replace(/^.*\/(?=\w+\.\w:)/, ''))
    const found = addresses.map((address) => {
      const place = image.lines?.find(address)
      return place === undefined ? '??:0' : `${place.file.replace(/^.*\//, '')}:${place.line}`
    })
    expect(image.lines?.damaged).toBe(0)
    expect(new Set(expected).size).toBeGreaterThan(50)
    expect(found).toEqual(expected.map((line) => line.replace('??:?', '??:0')))
  })

  test('of version 5 know the folder of the compilation', () => {
    const image = readElf(readFileSync(build(5)))
    const range = image.lines?.ranges.find(({ file }) => file === 'lib/text.c')
    expect(range?.folder).toBe(firmware)
  })

  test('that were damaged are told of, and end: every cut, and random bytes', () => {
    const image = readElf(readFileSync(build(5)))
    const lines = image.section('.debug_line')?.data ?? new Uint8Array(0)
    const strings = image.section('.debug_line_str')?.data
    const whole = new LineTable({ lines, strings }).ranges.length
    const random = new Random(4)
    for (let n = 0; n < 300; n++) {
      const cut = new LineTable({ lines: lines.subarray(0, random.below(lines.length)), strings })
      expect(cut.ranges.length).toBeLessThanOrEqual(whole)
      const other = lines.slice()
      for (let i = 0; i <= n % 7; i++) other[random.below(other.length)] = random.below(256)
      expect(() => new LineTable({ lines: other, strings })).not.toThrow()
    }
    // A count of entries that have no bytes, and one that is not to be counted to.
    const hostile = Uint8Array.of(...[24, 0, 0, 0, 5, 0, 4, 0, 16, 0, 0, 0, 1, 1, 1, 0xfb, 14, 1])
    const counts = Uint8Array.of(...hostile, 0, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0)
    expect(new LineTable({ lines: counts }).damaged).toBe(1)
  })
})
