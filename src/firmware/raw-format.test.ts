import { describe, expect, test } from 'vitest'
import { readImage } from './format.js'
import { rawBinary } from './raw-format.js'
import { buildResourceTable } from './resource-table/build.js'
import { checkImage } from './resource-table/check.js'
import { imageResourceTable } from './resource-table/read.js'
import { memory } from './store.js'
import { stream } from './stream-store.js'

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.slice(at, at + 1000)
}

describe('a raw binary', () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => i)
  const format = rawBinary({ loadAddress: 0x2000_0000, entry: 0x2000_0100 })

  test.each([
    ['memory', () => bytes],
    ['a stream', () => stream(pieces(bytes))],
  ])('is one segment at its load address, from %s', async (_, source) => {
    const image = await readImage(source(), { format })
    expect(image).toMatchObject({ format: 'raw binary', machine: 0, bits: 32, entry: 0x2000_0100 })
    expect(image.loadable).toHaveLength(1)
    expect(image.loadable[0]).toMatchObject({ paddr: 0x2000_0000, memsz: 200_000 })
    expect(Buffer.compare(image.loadable[0]?.data ?? new Uint8Array(), bytes)).toBe(0)
  })

  test('begins at its load address unless told otherwise', async () => {
    const image = await readImage(bytes, { format: rawBinary({ loadAddress: 0x100 }) })
    expect(image.entry).toBe(0x100)
  })

  test('may lie above 4 GiB', async () => {
    const image = await readImage(bytes, { format: rawBinary({ loadAddress: 2 ** 40 }) })
    expect(image).toMatchObject({ bits: 64, entry: 2 ** 40 })
  })

  test('has its resource table where one is told, and no section that could tell', async () => {
    const table = buildResourceTable([{ kind: 'trace', name: 'log', da: 16, len: 16 }])
    const padded = new Uint8Array(0x100 + table.length)
    padded.set(table, 0x100)
    const image = await readImage(padded, { format })
    expect(imageResourceTable(image)).toBeUndefined()
    expect(imageResourceTable(image, { address: 0x2000_0100 })?.entries).toMatchObject([
      { kind: 'trace', name: 'log' },
    ])
  })

  test('fits any core, and memory only where there is some', async () => {
    const image = await readImage(bytes, { format })
    const architecture = { machine: 243, bits: 32 } as const
    const regions = [{ name: 'ram', da: 0x2000_0000, size: 100_000 }]
    const found = checkImage(image, undefined, { architecture, regions })
    expect(found.map(({ where }) => where)).toEqual(['segment 0', 'resource table'])
  })

  test('that is an ELF file is pointed out', async () => {
    const elf = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1)
    const image = await readImage(elf, { format })
    expect(image.findings).toMatchObject([{ severity: 'warning', where: 'raw binary' }])
  })

  test('of no bytes is refused', async () => {
    const empty = memory(new Uint8Array(), 'empty.bin')
    await expect(readImage(empty, { format })).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message: 'empty.bin: a raw binary of 0 bytes',
    })
  })

  test('of more bytes than may be held is refused', async () => {
    const reading = readImage(stream(pieces(bytes)), { format, limit: 100_000 })
    await expect(reading).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message: 'stream: it has more than the 0x186a0 bytes that may be held of an image',
    })
  })

  test('beyond all addresses is refused', async () => {
    const end = rawBinary({ loadAddress: Number.MAX_SAFE_INTEGER })
    await expect(readImage(bytes, { format: end })).rejects.toMatchObject({ code: 'ERR_IMAGE' })
  })

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('at %d is refused', (loadAddress) => {
    expect(() => rawBinary({ loadAddress })).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  })
})
