import { describe, expect, test } from 'vitest'
import { readBufferConfig, writeBufferConfig } from './buffer-config.js'

const BIT_1 = 1 << 1
const BIT_2 = 1 << 2

const u16 = (value: number) => [value & 0xff, value >>> 8]
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)]

describe('buffer sizes in the config space', () => {
  test.each([
    ['packed', BIT_1, [1, ...u16(11), ...u32(1024), ...u32(2048)], 1],
    ['with an alignment', BIT_1, [1, ...u16(13), ...u16(64), ...u32(1024), ...u32(2048)], 64],
    [
      'with an alignment, padded',
      BIT_1,
      [1, 0, ...u16(16), ...u16(64), 0, 0, ...u32(1024), ...u32(2048)],
      64,
    ],
    ['as NuttX has it', BIT_2, [...u32(1024), ...u32(2048), ...Array(32).fill(0x41)], 1],
  ])('are read where they are %s: what the remote sends in is what we receive in', (...row) => {
    const [, feature, bytes, align] = row
    expect(readBufferConfig(feature | 1, Uint8Array.from(bytes), 'vdev 0')).toEqual({
      feature,
      sizes: { rx: 1024, tx: 2048 },
      align,
    })
  })

  test.each([
    ['the feature is not offered', 1, writeBufferConfig({ rx: 1024, tx: 1024 }).config],
    ['there is no config space', BIT_1, new Uint8Array(0)],
    ['the config space is cut short', BIT_1, Uint8Array.of(1, 11, 0, 0, 4, 0, 0, 0, 4, 0)],
    ['the version is another', BIT_1, Uint8Array.from([2, ...u16(11), ...u32(64), ...u32(64)])],
    ['the size is another', BIT_1, Uint8Array.from([1, ...u16(12), ...u32(64), ...u32(64), 0])],
  ])('are not taken where %s', (_, features, config) => {
    expect(readBufferConfig(features, config, 'vdev 0')).toBeUndefined()
  })

  test('bit 1 of NuttX, which is another feature there, is not taken for theirs', () => {
    const config = Uint8Array.from([...u32(1024), ...u32(2048)])
    expect(readBufferConfig(1 | BIT_1 | BIT_2, config, 'vdev 0')?.feature).toBe(BIT_2)
  })

  test.each([0, 16, 65552, 0xffff_ffff])('of %i bytes are refused', (size) => {
    const config = Uint8Array.from([...u32(size), ...u32(512)])
    expect(() => readBufferConfig(BIT_2, config, 'vdev 0')).toThrow(
      expect.objectContaining({
        code: 'ERR_RESOURCE_TABLE',
        message: `vdev 0: its config space: buffers of ${size} bytes; expected 17 to 65551`,
      }),
    )
    expect(() => writeBufferConfig({ rx: 512, tx: size })).toThrow(
      expect.objectContaining({ code: 'ERR_USAGE' }),
    )
  })

  test('an alignment that is no power of two is refused', () => {
    const config = Uint8Array.from([1, ...u16(13), ...u16(48), ...u32(64), ...u32(64)])
    expect(() => readBufferConfig(BIT_1, config, 'vdev 0')).toThrow(/aligns buffers to 48 bytes/)
  })

  test('are read as they were written', () => {
    const sizes = { rx: 17, tx: 65551 }
    const { feature, config } = writeBufferConfig(sizes)
    expect(readBufferConfig(feature, config, 'vdev 0')).toEqual({ feature, sizes, align: 1 })
  })
})
