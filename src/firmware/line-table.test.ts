import { expect, test } from 'vitest'
import { LineTable } from './line-table.js'

const DW_FORM_line_strp = 0x1f

function uleb(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 0x80)
  }
}

const word = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)]

/** One unit of version 5 whose files are named by offsets of the strings, with `lines` rows. */
function unit(files: readonly number[], lines: number): Uint8Array {
  const header = [
    ...[1, 1, 1, 0xfb, 14, 13], // each byte an instruction; lines from -5, of 14; opcodes from 13
    ...[0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1],
    ...[0, 0], // no folders
    ...[1, 1, DW_FORM_line_strp, ...uleb(files.length), ...files.flatMap(word)],
  ]
  // Each row takes the next file, and goes on by one instruction.
  const rows = Array.from({ length: lines }, (_, i) => [4, ...uleb(i % files.length), 0x20])
  const program = [0, 5, 2, ...word(0x8000_0000), ...rows.flat()]
  const rest = [5, 0, 4, 0, ...word(header.length), ...header, ...program]
  return Uint8Array.from([...word(rest.length), ...rest])
}

const longString = new Uint8Array(10_000).fill(0x61)
longString[9999] = 0

test('a table that names one long string over and over holds it once', () => {
  const files = Array.from({ length: 5000 }, () => 0)
  const table = new LineTable({ lines: unit(files, 3), strings: longString })
  expect(table.damaged).toBe(0)
  expect(table.ranges.map(({ file }) => file.length)).toEqual([9999, 9999])
})

test('a table whose names would be far longer than it is itself is taken for damaged', () => {
  const files = Array.from({ length: 5000 }, (_, i) => i)
  const table = new LineTable({ lines: unit(files, 5000), strings: longString })
  expect(table.damaged).toBe(1)
  expect(table.ranges).toEqual([])
})

test('nor do names without an end cost anything', () => {
  const table = new LineTable({ lines: unit([0, 5], 3), strings: longString.subarray(0, 9999) })
  expect(table.ranges.map(({ file }) => file)).toEqual(['?', '?'])
})

test('a table with more lines than there is room for keeps the first ones', () => {
  const strings = new TextEncoder().encode('a.c\0')
  const lines = Buffer.concat([unit([0], 100), unit([0], 100)])
  const table = new LineTable({ lines, strings }, () => true, 120)
  expect(table.ranges.length).toBe(120)
  expect(table.damaged).toBe(1)
})
