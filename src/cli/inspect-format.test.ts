import { describe, expect, test } from 'vitest'
import { buildElf } from '../firmware/build-elf.js'
import {
  buildResourceTable,
  type EntrySpec,
  examineImage,
  type FirmwareImage,
  readElf,
} from '../firmware/index.js'
import { formatInspect } from './inspect-format.js'
import { inspectJson } from './inspect-json.js'
import { ansiPaint, type Paint, plainPaint } from './paint.js'

const entries: EntrySpec[] = [
  { kind: 'carveout', name: 'vdev0buffer', len: 0x8000 },
  { kind: 'trace', name: 'trace0\x1b[2J', da: 0x8000_8000, len: 0x1000 },
  {
    kind: 'vdev',
    notifyid: 31,
    dfeatures: 0x2000_0011,
    status: 7,
    vrings: [
      { align: 16, num: 8, notifyid: 0 },
      { align: 4096, num: 256, notifyid: 1, da: 0x9000_0000 },
    ],
  },
  { kind: 'vendor', type: 130, bytes: Uint8Array.of(4, 0, 0, 0, 1, 2, 3, 4) },
]

function image(specs: readonly EntrySpec[] = entries): FirmwareImage {
  const data = buildResourceTable(specs)
  const elf = buildElf({
    entry: 0x8000_0004,
    segments: [
      { vaddr: 0x8000_0000, data: new Uint8Array(0x600), flags: 5 },
      { vaddr: 0x8000_1000, paddr: 0x8000_3000, data, memsz: 0x1800, flags: 6 },
    ],
    sections: [
      { name: '.text', addr: 0x8000_0000, size: 0x600, flags: 6 },
      { name: '.resource_table', addr: 0x8000_1000, size: data.length, flags: 3 },
      { name: '.comment', addr: 0, data: Uint8Array.of(0), flags: 0 },
    ],
    symbols: [{ name: '_start', address: 0x8000_0000, size: 16, section: 0 }],
  })
  return readElf(elf, 'echo.elf')
}

const regions = [{ name: 'ram', da: 0x8000_0000, size: 0x200_0000 }]

function shown(elf: FirmwareImage, paint: Paint = plainPaint): string {
  const { table, findings } = examineImage(elf, { regions })
  return formatInspect(elf, table, findings, paint)
}

describe('openamp inspect', () => {
  const lines = shown(image()).split('\n')

  test('shows architecture and entry with its symbol', () => {
    expect(lines[1]).toBe('  ELF32 RISC-V executable, entry 0x80000004 <_start+0x4>')
  })

  test('shows the segments, where they are loaded and linked', () => {
    expect(lines).toContain('  0  LOAD  0x80000000  same        r-x    0x600    0x600 (1.5 KiB)')
    expect(lines).toContain('  1  LOAD  0x80003000  0x80001000  rw-    0xd8     0x1800 (6 KiB)')
  })

  test('shows the sections that take memory and counts the others', () => {
    expect(lines).toContain('  .text            PROGBITS  0x80000000  AX     0x600 (1.5 KiB)')
    expect(lines).toContain('  and 4 that take no memory')
  })

  test('shows where the table is and every entry decoded', () => {
    const start = lines.findIndex((line) => line.startsWith('Resource table'))
    expect(lines.slice(start, start + 11)).toEqual([
      'Resource table at 0x80001000, version 1, 4 entries, 0xd8 (216 bytes), section .resource_table',
      '   0  carveout  da any         pa any         0x8000 (32 KiB)  vdev0buffer',
      '   1  trace     da 0x80008000                 0x1000 (4 KiB)  trace0\\x1b[2J',
      '   2  vdev 0    RPMsg (id 7)',
      '                notify id 31, config space 0 bytes',
      '                dfeatures 0x20000011  NS, bit 4, EVENT_IDX',
      '                gfeatures 0x00000000  none',
      '                status    0x07  ACKNOWLEDGE, DRIVER, DRIVER_OK',
      '                vring 0  da any         8 entries    align 0x10    notify id 0  to host',
      '                vring 1  da 0x90000000  256 entries  align 0x1000  notify id 1  to remote',
      '   3  vendor    type 130, 8 bytes: 04 00 00 00 01 02 03 04',
    ])
  })

  test('shows a long vendor’s entry in rows, and the devmem that is asked for', () => {
    const bytes = Uint8Array.from({ length: 140 }, (_, i) => i)
    const elf = image([
      { kind: 'vendor', type: 200, bytes },
      { kind: 'devmem', name: 'uart', da: 0x4000, pa: 0x4000_4000, len: 0x1000, flags: 3 },
    ])
    const text = shown(elf)
    const rows = text.split('\n').filter((line) => /^ .* ([0-9a-f]{2} ){8}/.test(line))
    expect(rows).toHaveLength(8)
    expect(rows[0]).toMatch(/vendor +type 200, 140 bytes: 00 01 02/)
    expect(rows[7]).toMatch(/^ +70 71 72 .* 7f$/)
    expect(text).toMatch(/\n +and 12 more; --json has all\n/)
    expect(text).toContain(
      'devmem    da 0x00004000  pa 0x40004000  0x1000 (4 KiB)  flags 0x3  uart',
    )
  })

  test('shows errors before warnings before notes', () => {
    const start = lines.indexOf('Findings')
    const severities = lines.slice(start + 1).map((line) => /^ {2}(\w+) /.exec(line)?.[1])
    expect(severities.filter((severity) => severity !== undefined)).toEqual([
      'error',
      'warning',
      'warning',
      'warning',
      'warning',
      'note',
    ])
  })

  test('breaks long findings at spaces, late', () => {
    const message = Array.from({ length: 40 }, (_, i) => `word${i}`).join(' ')
    const long = { severity: 'note', where: 'x', message } as const
    const text = formatInspect(image(), undefined, [long], plainPaint)
    const tail = text.slice(text.indexOf('  note')).trimEnd().split('\n')
    expect(tail.map((line) => line.slice(11)).join(' ')).toBe(`x: ${message}`)
    for (const line of tail.slice(0, -1)) expect(line.length).toBeGreaterThan(88)
    for (const line of tail) expect(line.length).toBeLessThanOrEqual(96)
  })

  test('keeps to 100 columns', () => {
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100)
  })

  test('gives sizes in the unit that reads best', () => {
    const sizes = [1, 1023, 1024, 0xf_ffff, 0x10_0000, 0x180_0000]
    const elf = image(sizes.map((len) => ({ kind: 'carveout', name: '', len })))
    const readable = shown(elf).match(/(?<=pa any {9}0x\w+ \().*(?=\))/g)
    expect(readable).toEqual(['1 byte', '1023 bytes', '1 KiB', '~1024 KiB', '1 MiB', '24 MiB'])
  })

  test('says so when nothing is wrong', () => {
    const vrings = [
      { align: 16, num: 8, notifyid: 0 },
      { align: 16, num: 8, notifyid: 1 },
    ]
    const elf = image([{ kind: 'vdev', notifyid: 31, dfeatures: 1, vrings }])
    const { table } = examineImage(elf)
    expect(formatInspect(elf, table, [], plainPaint)).toMatch(
      /Findings\n {2}nothing wrong found\n$/,
    )
  })

  test('says so when there is no table', () => {
    const elf = image()
    expect(formatInspect(elf, undefined, [], plainPaint)).toMatch(/Resource table\n {2}none/)
  })

  test('differs in nothing but marks when it is coloured', () => {
    const coloured = shown(image(), ansiPaint)
    expect(coloured).toContain('\x1b[31merror')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the marks are what is taken off
    expect(coloured.replace(/\x1b\[\d+m/g, '')).toBe(shown(image()))
  })

  test('gives the same as JSON, with what is left to the host as "any"', () => {
    const elf = image()
    const { table, findings } = examineImage(elf, { regions })
    const json = JSON.parse(JSON.stringify(inspectJson(elf, table, findings)))
    expect(json).toMatchObject({
      name: 'echo.elf',
      bits: 32,
      machine: 243,
      entry: 0x8000_0004,
      entrySymbol: '_start',
      resourceTable: {
        da: 0x8000_1000,
        entries: [
          { kind: 'carveout', da: 'any', pa: 'any', len: 0x8000 },
          { kind: 'trace', name: 'trace0\x1b[2J' },
          {
            kind: 'vdev',
            dfeatureNames: ['NS', 'bit 4', 'EVENT_IDX'],
            vrings: [{ da: 'any' }, { da: 0x9000_0000 }],
          },
          { kind: 'vendor', type: 130, bytes: '0400000001020304' },
        ],
      },
    })
    expect(json.findings).toEqual(findings)
  })
})
