import { describe, expect, it } from 'vitest'
import { UnmodelledRegisters } from '../unmodelled.js'
import { Plic } from './plic.js'

const PENDING = 0x1000
const ENABLE = 0x2000
const THRESHOLD = 0x20_0000
const CLAIM = 0x20_0004

function plicWith(...sources: readonly [number, number][]): Plic {
  const plic = new Plic(new UnmodelledRegisters('PLIC', () => {}), () => {})
  for (const [source, priority] of sources) {
    plic.store(4 * source, 4, priority)
    const word = ENABLE + 4 * (source >>> 5)
    plic.store(word, 4, (plic.load(word, 4) | (1 << (source & 31))) >>> 0)
  }
  return plic
}

describe('the interrupt controller', () => {
  it('gives out the source of the highest priority first, then the lowest number', () => {
    const plic = plicWith([3, 1], [40, 5], [7, 5])
    for (const source of [3, 40, 7]) plic.setLine(source, true)
    const claims = [1, 2, 3, 4].map(() => plic.load(CLAIM, 4))
    expect(claims).toEqual([7, 40, 3, 0])
    expect(plic.external).toBe(false)
  })

  it('interrupts again after completion while the line is high', () => {
    const plic = plicWith([10, 1])
    plic.setLine(10, true)
    expect(plic.load(CLAIM, 4)).toBe(10)
    expect(plic.external).toBe(false)
    plic.store(CLAIM, 4, 10)
    expect(plic.external).toBe(true)
  })

  it('is quiet after completion once the line has dropped', () => {
    const plic = plicWith([10, 1])
    plic.setLine(10, true)
    plic.load(CLAIM, 4)
    plic.setLine(10, false)
    plic.store(CLAIM, 4, 10)
    expect(plic.external).toBe(false)
  })

  it('keeps a request that nobody has claimed when the line drops', () => {
    const plic = plicWith([10, 1])
    plic.setLine(10, true)
    plic.setLine(10, false)
    expect(plic.load(PENDING, 4)).toBe(1 << 10)
    expect(plic.load(CLAIM, 4)).toBe(10)
  })

  it('lets nothing through at or below the threshold, nor what is not enabled', () => {
    const plic = plicWith([10, 3])
    plic.setLine(10, true)
    plic.store(THRESHOLD, 4, 3)
    expect(plic.external).toBe(false)
    plic.store(THRESHOLD, 4, 2)
    expect(plic.external).toBe(true)
    plic.store(ENABLE, 4, 0)
    expect(plic.external).toBe(false)
  })

  it('has no source 0 and none of priority 0', () => {
    const plic = plicWith([0, 7], [5, 0])
    plic.setLine(0, true)
    plic.setLine(5, true)
    expect(plic.external).toBe(false)
    expect(plic.load(CLAIM, 4)).toBe(0)
    expect(plic.load(ENABLE, 4)).toBe(1 << 5)
  })
})
