import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { compilationFolders, type UnitSections } from '../../src/firmware/compilation-folders.js'
import { LineTable, readElf, sourcePath } from '../../src/firmware/index.js'
import { LineText } from '../../src/firmware/line-text.js'
import { Random } from '../cores/random.js'
import { needsTool } from '../tools.js'

const firmware = fileURLToPath(new URL('../../firmware', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'lines-'))
afterAll(() => rmSync(folder, { recursive: true }))

const riscv = needsTool('riscv64-unknown-elf-gcc', 'gcc-riscv64-unknown-elf', 10)

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

  test.each([2, 3, 4, 5])('of DWARF %i know the folder of the compilation', (version) => {
    const image = readElf(readFileSync(build(version)))
    const range = image.lines?.ranges.find(({ file }) => file === 'lib/text.c')
    expect(range?.folder).toBe(firmware)
    expect(range && sourcePath(range)).toBe(join(firmware, 'lib/text.c'))
  })

  test('whose units were damaged have folders or none, and end: every cut, and random bytes', () => {
    const image = readElf(readFileSync(build(3)))
    const units = image.section('.debug_info')?.data ?? new Uint8Array(0)
    const abbreviations = image.section('.debug_abbrev')?.data ?? new Uint8Array(0)
    const names = image.section('.debug_str')?.data
    const text = new LineText({ lines: new Uint8Array(0) })
    const folders = (changed: Partial<UnitSections>): readonly string[] => [
      ...compilationFolders({ units, abbreviations, names, ...changed }, text).values(),
    ]
    expect(new Set(folders({}))).toEqual(new Set([firmware]))
    const random = new Random(5)
    const damaged = (bytes: Uint8Array, n: number): Uint8Array => {
      const other = bytes.slice(0, n % 3 === 0 ? random.below(bytes.length) : undefined)
      for (let i = 0; i < n % 7 && other.length > 0; i++) {
        other[random.below(other.length)] = random.below(256)
      }
      return other
    }
    for (let n = 0; n < 300; n++) {
      expect(() => folders({ units: damaged(units, n) })).not.toThrow()
      expect(() => folders({ abbreviations: damaged(abbreviations, n) })).not.toThrow()
    }
    expect(folders({ names: undefined })).toEqual([])
    // Each unit with a table of its own, all of which go on to one end: to follow them takes minutes.
    const many = new DataView(new ArrayBuffer(12 * 100_000))
    for (let at = 0; at < many.byteLength; at += 12) {
      many.setUint32(at, 8, true)
      many.setUint16(at + 4, 4, true)
      many.setUint32(at + 6, at % 400_000, true)
      many.setUint8(at + 11, 2)
    }
    const long = Uint8Array.from({ length: 400_000 }, (_, i) => (i % 5 < 3 ? 1 : 0))
    expect(folders({ units: new Uint8Array(many.buffer), abbreviations: long })).toEqual([])
  })

  test('that were damaged are told of, and end: every cut, and random bytes', () => {
    const image = readElf(readFileSync(build(5)))
    const lines = image.section('.debug_line')?.data ?? new Uint8Array(0)
    const strings = image.section('.debug_line_str')?.data
    const whole = new LineTable({ lines, strings }).ranges.length
    const random = new Random(4)
    for (let n = 0; n < 300; n++) {
      const cut = new LineTable({
        lines: lines.subarray(0, random.below(lines.length)),
        strings,
      })
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

test('a statement begins where any of the rows of its line says so that stand at one address', () => {
  const files = [0, ...Buffer.from('a.c'), 0, 0, 0, 0, 0]
  const header = [1, 1, 0xfb, 14, 13, ...[0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1], ...files]
  // DW_LNE_set_address, a row, DW_LNS_negate_stmt, a row at the same place, 4 bytes on, the end.
  const program = [...[0, 5, 2, 0x10, 0, 0, 0], 1, 6, 1, ...[2, 4], ...[0, 1, 1]]
  const unit = [3, 0, header.length, 0, 0, 0, ...header, ...program]
  const { ranges } = new LineTable({ lines: Uint8Array.of(unit.length, 0, 0, 0, ...unit) })
  expect(ranges).toMatchObject([
    { address: 0x10, end: 0x14, file: 'a.c', line: 1, statement: true },
  ])
})

test.each([
  ['src/main.c', '/home/me/app', '/home/me/app/src/main.c'],
  ['../lib/./text.c', '/home/me/app', '/home/me/lib/text.c'],
  ['/usr/include/stdio.h', '/home/me/app', '/usr/include/stdio.h'],
  ['C:/sdk/main.c', 'C:/app', 'C:/sdk/main.c'],
  ['../../main.c', 'app', '../main.c'],
  ['/../main.c', undefined, '/main.c'],
  ['main.c', undefined, 'main.c'],
])('the path of %s, compiled in %s, is %s', (file, folder, path) => {
  expect(sourcePath({ file, folder })).toBe(path)
})
