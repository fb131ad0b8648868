import { expect, test } from 'vitest'
import { harmlessJson, LINE_MAX, LineBuffer } from './terminal.js'

test('text is given out in whole lines, whatever pieces it comes in', () => {
  const buffer = new LineBuffer()
  expect(buffer.push('one\r\ntw')).toEqual(['one'])
  expect(buffer.push('o\n\nrest')).toEqual(['two', ''])
  expect(buffer.flush()).toEqual(['rest'])
  expect(buffer.flush()).toEqual([])
})

test('a line without an end is given out in pieces, and little of it is kept', () => {
  const buffer = new LineBuffer()
  const lines = Array.from({ length: 100 }, () => buffer.push('x'.repeat(1000))).flat()
  const rest = buffer.flush()
  expect([...lines, ...rest].join('')).toBe('x'.repeat(100_000))
  expect(lines.every((line) => line.length === LINE_MAX)).toBe(true)
  expect(rest[0]?.length).toBeLessThanOrEqual(LINE_MAX)
})

test('JSON of what a remote says is the same JSON, and nothing that a terminal acts on', () => {
  const value = { name: 'a\u001b[31m\u009b2J\u202e\u2028\u{e0001}b', line: 'x\ny' }
  for (const indent of [undefined, 2]) {
    const json = harmlessJson(value, indent)
    expect(JSON.parse(json)).toEqual(value)
    expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  }
})
