import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pieces } from './pieces.js'

test('bytes that come one at a time are held in a few pieces', () => {
  const pieces = new Pieces(100)
  for (let i = 0; i < 20_000; i++) pieces.append(Uint8Array.of(i))
  expect([...pieces.parts(0, 30_000)].length).toBe(5)
  for (let i = 20_000; i < 40_000; i++) {
    pieces.append(Uint8Array.of(i))
    pieces.dropBefore(100 + i - 8192)
  }
  expect([...pieces.parts(0, 50_000)].length).toBeLessThan(5)
})

test('a small view of a large buffer does not keep it', () => {
  const pieces = new Pieces(0)
  pieces.append(new Uint8Array(0x10_0000).subarray(5, 7))
  for (const part of pieces.parts(0, 2)) expect(part.buffer.byteLength).toBe(0x1000)
})

test('what comes in pieces of any size is had again, at its place', () => {
  const sizes = fc.array(fc.oneof(fc.nat(5), fc.constantFrom(4095, 4096, 4097, 9000)))
  const property = fc.property(sizes, fc.nat(30_000), fc.nat(30_000), (lengths, from, drop) => {
    const all = Uint8Array.from(
      { length: lengths.reduce((a, b) => a + b, 0) },
      (_, i) => (7 * i) >>> 3,
    )
    const pieces = new Pieces(0)
    let at = 0
    for (const length of lengths) {
      pieces.append(all.slice(at, at + length))
      at += length
    }
    expect(Buffer.compare(pieces.joined(), all)).toBe(0)
    pieces.dropBefore(drop)
    const { start } = pieces
    expect(start).toBeLessThanOrEqual(Math.min(drop, all.length))
    const found = Buffer.concat([...pieces.parts(from, from + 5000)])
    const begin = Math.max(start, from)
    const expected = all.subarray(begin, Math.max(begin, from + 5000))
    expect(Buffer.compare(found, expected)).toBe(0)
  })
  fc.assert(property, { numRuns: 300 })
})
