import { describe, expect, it } from 'vitest'
import { ModuleCache } from './module-cache.js'

const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
const module = new WebAssembly.Module(EMPTY)
const LENGTH = 100

/** What is found by these bytes is all that counts here. */
function bytesOf(number: number): Uint8Array {
  const bytes = new Uint8Array(LENGTH)
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

describe('the cache of modules', () => {
  it('keeps no more bytes than it may, and those that were asked for last', () => {
    const cache = new ModuleCache(10 * LENGTH)
    for (let i = 0; i < 1000; i++) {
      cache.keep(bytesOf(i), module)
      expect(cache.find(bytesOf(0))).toBe(module)
      expect(cache.size.bytes).toBeLessThanOrEqual(10 * LENGTH)
    }
    expect(cache.size).toEqual({ modules: 10, bytes: 10 * LENGTH })
    expect(cache.find(bytesOf(999))).toBe(module)
    expect(cache.find(bytesOf(990))).toBeUndefined()
  })

  it('counts once what is kept again', () => {
    const cache = new ModuleCache()
    for (let i = 0; i < 10; i++) cache.keep(bytesOf(1), module)
    expect(cache.size).toEqual({ modules: 1, bytes: LENGTH })
  })

  it('gives no module for other bytes', () => {
    const cache = new ModuleCache()
    cache.keep(bytesOf(1), module)
    expect(cache.find(bytesOf(2))).toBeUndefined()
  })
})
