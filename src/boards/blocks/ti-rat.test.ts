import { describe, expect, test } from 'vitest'
import { UnmodelledRegisters } from '../unmodelled.js'
import { TiRat } from './ti-rat.js'

const [CTRL, BASE, TRANS_L, TRANS_U] = [0x20, 0x24, 0x28, 0x2c]
const ENABLE = 0x8000_0000
const options: Record<string, number> = { first: 0x6000_0000, last: 0xdfff_ffff }

function makeRat() {
  return new TiRat({
    unmodelled: new UnmodelledRegisters('RAT', () => {}),
    option: (name) => options[name] ?? 0,
  })
}

function map(rat: TiRat, region: number, base: number, target: number, size: number): void {
  rat.store(CTRL + 16 * region, 4, 0)
  rat.store(BASE + 16 * region, 4, base)
  rat.store(TRANS_L + 16 * region, 4, target % 2 ** 32)
  rat.store(TRANS_U + 16 * region, 4, Math.floor(target / 2 ** 32))
  rat.store(CTRL + 16 * region, 4, ENABLE | size)
}

describe('an address', () => {
  test("of the core's own surroundings is not translated, whatever the regions say", () => {
    const rat = makeRat()
    map(rat, 0, 0, 0x2000_0000, 32)
    for (const address of [0, 0x04a0_0000, 0x5fff_ffff, 0xe000_0000]) {
      expect(rat.translate(address)).toBeUndefined()
    }
  })

  test('that no region is for goes through as it is', () => {
    const rat = makeRat()
    map(rat, 0, 0xa000_0000, 0x2000_0000, 28)
    expect(rat.translate(0x9fff_ffff)).toBe(0x9fff_ffff)
    expect(rat.translate(0xb000_0000)).toBe(0xb000_0000)
  })

  test('of a region is the one as far into its target', () => {
    const rat = makeRat()
    map(rat, 7, 0xa000_0000, 0x2000_0000, 28)
    expect(rat.translate(0xa900_0140)).toBe(0x2900_0140)
    expect(rat.translate(0xafff_ffff)).toBe(0x2fff_ffff)
  })

  test('may be beyond 32 bits in the system', () => {
    const rat = makeRat()
    map(rat, 0, 0xa000_0000, 0x8_8000_0000, 24)
    expect(rat.translate(0xa012_3456)).toBe(0x8_8012_3456)
  })

  test('of two regions is the one of the lower number', () => {
    const rat = makeRat()
    map(rat, 3, 0x6000_0000, 0x1000_0000, 28)
    map(rat, 1, 0x6000_0000, 0x3000_0000, 24)
    expect(rat.translate(0x60ff_ffff)).toBe(0x30ff_ffff)
    expect(rat.translate(0x6100_0000)).toBe(0x1100_0000)
  })
})

describe('a region', () => {
  test('is none until it is enabled, and none any more after a reset', () => {
    const rat = makeRat()
    rat.store(BASE, 4, 0x6000_0000)
    rat.store(TRANS_L, 4, 0x2000_0000)
    rat.store(CTRL, 4, 28)
    expect(rat.translate(0x6000_0000)).toBe(0x6000_0000)
    rat.store(CTRL, 4, ENABLE | 28)
    expect(rat.translate(0x6000_0000)).toBe(0x2000_0000)
    rat.reset()
    expect([rat.translate(0x6000_0000), rat.load(CTRL, 4)]).toEqual([0x6000_0000, 0])
  })

  test('begins at a multiple of its size, and so does its target', () => {
    const rat = makeRat()
    map(rat, 0, 0x6123_4567, 0x2fff_ffff, 28)
    expect(rat.translate(0x6000_0010)).toBe(0x2000_0010)
  })

  test.each([
    [32, 0xdfff_ffff, 0xdfff_ffff],
    [63, 0xdfff_ffff, 0xdfff_ffff],
  ])('of 2^%i bytes is all that there is', (size, address, system) => {
    const rat = makeRat()
    map(rat, 0, 0x6000_0000, 0x7fff_0000, size)
    expect(rat.translate(address)).toBe(system)
  })

  test.each([0, 1, 11, 12])('of 2^%i bytes is a page, and its target begins on one', (size) => {
    const rat = makeRat()
    map(rat, 0, 0x6000_0000, 0x2000_1001, size)
    expect(rat.translate(0x6000_0ffc)).toBe(0x2000_1ffc)
    expect(rat.translate(0x6000_1000)).toBe(0x6000_1000)
  })

  test('keeps the bits that its registers have', () => {
    const rat = makeRat()
    for (const register of [CTRL, BASE, TRANS_L, TRANS_U]) rat.store(register, 4, 0xffff_ffff)
    const kept = [CTRL, BASE, TRANS_L, TRANS_U].map((register) => rat.load(register, 4))
    expect(kept).toEqual([0x8000_003f, 0xffff_ffff, 0xffff_ffff, 0xffff])
  })

  test('beyond the eighth there is none: its registers read 0', () => {
    const rat = makeRat()
    map(rat, 8, 0x6000_0000, 0x2000_0000, 28)
    expect(rat.translate(0x6000_0000)).toBe(0x6000_0000)
    expect([rat.load(CTRL + 16 * 8, 4), rat.load(0x04, 4) & 0xff]).toEqual([0, 8])
  })
})

test('an access of less than a word gets no answer', () => {
  const rat = makeRat()
  expect([rat.load(CTRL, 1), rat.store(CTRL, 2, 1)]).toEqual([-1, false])
})
