import fc from 'fast-check'
import { expect, test } from 'vitest'
import { coverage } from './coverage.js'

const segment = fc.record({ vaddr: fc.nat(100), memsz: fc.nat(20) })

test('an address is covered where one of the segments holds it, however they overlap', () => {
  const property = fc.property(fc.array(segment, { maxLength: 12 }), (segments) => {
    const covered = coverage(segments)
    for (let address = 0; address < 125; address++) {
      const expected = segments.some(
        ({ vaddr, memsz }) => address >= vaddr && address < vaddr + memsz,
      )
      expect(covered(address)).toBe(expected)
    }
  })
  fc.assert(property)
})

test('no segment is looked at again for each address', () => {
  let looks = 0
  const segments = Array.from({ length: 1000 }, (_, i) => ({
    get vaddr() {
      looks++
      return 16 * i
    },
    memsz: 8,
  }))
  const covered = coverage(segments)
  looks = 0
  for (let address = 0; address < 16_000; address++) expect(covered(address)).toBe(address % 16 < 8)
  expect(looks).toBe(0)
})
