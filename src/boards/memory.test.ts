import { expect, test } from 'vitest'
import { mps2An386 } from './catalogue/mps2.js'
import { virtRv32 } from './catalogue/virt-rv32.js'
import { allocateMemory, mapMemory, withRamSize } from './memory.js'

test('all memories of a board lie in one WebAssembly memory, at multiples of 64 KiB', () => {
  for (const shared of [false, true]) {
    const memory = allocateMemory(mps2An386, shared)
    const regions = mapMemory(mps2An386, memory)
    const buffer = memory.wasm?.buffer
    expect(buffer).toBeDefined()
    for (const { bytes } of regions) {
      expect(bytes.buffer).toBe(buffer)
      expect(bytes.byteOffset % 0x1_0000).toBe(0)
      expect(bytes.byteOffset).toBeGreaterThan(0)
    }
    expect(buffer instanceof SharedArrayBuffer).toBe(shared)
  }
})

test('an alias is the same memory at another address', () => {
  const regions = mapMemory(mps2An386, allocateMemory(mps2An386))
  const [code, again] = [0, 0x40_0000].map((da) => regions.find((region) => region.da === da))
  code?.setU32(16, 0x1234)
  expect(again?.getU32(16)).toBe(0x1234)
})

test('RAM can be of another size, where a board has any of that name', () => {
  expect(withRamSize(virtRv32, 4096).memory[0].size).toBe(4096)
  expect(() => withRamSize(mps2An386, 4096)).toThrow(
    expect.objectContaining({ code: 'ERR_USAGE', message: expect.stringContaining('mps2-an386') }),
  )
})
