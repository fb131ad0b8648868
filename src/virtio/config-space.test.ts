import { expect, test } from 'vitest'
import { type ConfigAccess, ConfigSpace, readConfig } from './config-space.js'

/** The driver's view; `between` is called before each byte that it reads. */
function view(config: ConfigSpace, between: () => void = () => {}, legacy = false): ConfigAccess {
  return {
    load: (offset, size) => {
      between()
      return config.load(offset, size)
    },
    get generation() {
      return legacy ? undefined : config.generation
    },
  }
}

test('fields are little-endian, and beyond the end there is 0', () => {
  const config = new ConfigSpace(6)
  config.update((bytes) => bytes.setUint32(2, 0x1234_5678, true))
  expect(config.load(2, 4)).toBe(0x1234_5678)
  expect([config.load(2, 1), config.load(4, 2), config.load(4, 4)]).toEqual([0x78, 0x1234, 0x1234])
  expect(config.load(100, 4)).toBe(0)
})

test('each change has a generation of its own, and is told of', () => {
  const config = new ConfigSpace(4)
  let told = 0
  config.onChange = () => told++
  const before = config.generation
  config.update((bytes) => bytes.setUint16(0, 1, true))
  expect(config.generation).not.toBe(before)
  expect(told).toBe(1)
})

test.each([
  ['generation', false],
  ['second look, where there is no generation', true],
])('a change in the middle of a read is noticed by the %s, and read again', (_, legacy) => {
  const config = new ConfigSpace(4)
  config.update((bytes) => bytes.setUint32(0, 0x1111_1111))
  let reads = 0
  const change = (): void => {
    if (++reads === 3) config.update((bytes) => bytes.setUint32(0, 0x2222_2222))
  }
  expect(readConfig(view(config, change, legacy), 0, 4).getUint32(0)).toBe(0x2222_2222)
})

test.each([false, true])('a configuration that never rests is given up, legacy: %s', (legacy) => {
  const config = new ConfigSpace(4)
  let value = 0
  const access = view(config, () => config.update((bytes) => bytes.setUint32(0, value++)), legacy)
  expect(() => readConfig(access, 0, 4)).toThrow(
    expect.objectContaining({
      code: 'ERR_PEER',
      message: expect.stringMatching(/changed during each of 64 reads/),
    }),
  )
})
