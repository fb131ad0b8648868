import { expect, test } from 'vitest'
import { UnmodelledRegisters } from './unmodelled.js'

test('a register keeps what is written, in parts of any size, and its first touch is told', () => {
  const told: string[] = []
  const registers = new UnmodelledRegisters('RCC', (access) => told.push(access))
  registers.store(0x10, 0x1122_3344)
  registers.store(0x12, 0xaa, 1)
  expect(registers.load(0x10)).toBe(0x11aa_3344)
  expect(registers.load(0x20)).toBe(0)
  registers.load(0x20)
  expect(told).toEqual([
    'RCC: register 0x10 written first, with 0x11223344',
    'RCC: register 0x12 written first, with 0xaa',
    'RCC: register 0x20 read first, answered 0',
  ])
})

test('a register with an override does as that says, and nobody is told of it', () => {
  const told: string[] = []
  const registers = new UnmodelledRegisters('CCM', (access) => told.push(access), [
    { offset: 0x00, set: 0x8000_0000 },
    { offset: 0x04, clear: 0xff },
    { offset: 0x08, value: 7 },
    { offset: 0x0c, reset: 5 },
  ])
  const all = (): number[] => [0, 4, 8, 12].map((offset) => registers.load(offset))
  expect(all()).toEqual([0x8000_0000, 0, 7, 5])
  for (const offset of [0, 4, 8, 12]) registers.store(offset, 0x1ff)
  expect(all()).toEqual([0x8000_01ff, 0x100, 7, 0x1ff])
  registers.reset()
  expect(all()).toEqual([0x8000_0000, 0, 7, 5])
  expect(told).toEqual([])
})

test('where more are touched than any driver does, that is told once', () => {
  const told: string[] = []
  const registers = new UnmodelledRegisters('VGA', (access) => told.push(access))
  for (let offset = 0; offset < 0x4000; offset += 4) {
    registers.store(offset, offset)
    expect(registers.load(offset)).toBe(offset)
  }
  expect(told).toHaveLength(257)
  expect(told.at(-1)).toBe('VGA: more registers are touched, which are not told of one by one')
})
