import { readSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { FakeFile } from '../../../test/support/vhost-user.js'
import { GuestMemory, MemoryTable } from './memory.js'

const MIB = 2n ** 20n

test('guest addresses are physical, the front-end’s own are device addresses', () => {
  const file = new FakeFile(new ArrayBuffer(0x3000))
  const region = {
    guestAddress: 0x10_0000n,
    size: 0x2000n,
    userAddress: 0x7f00_0000_0000n,
    mmapOffset: 0x1000n,
  }
  const space = new GuestMemory()
  space.replace(new MemoryTable([region], [file]))
  const found = space.locate('pa', 0x10_0010, 16, 'x')
  found.region.setU32(found.offset, 0xdead_beef)
  expect(new DataView(file.memory).getUint32(0x1010, true)).toBe(0xdead_beef)
  expect(space.locate('da', 0x7f00_0000_0010, 16, 'x')).toEqual(found)
  expect(space.find('pa', 0x10_1ff0, 17)).toBeUndefined()
})

test('where one region cannot be mapped, none is', () => {
  const files = [new FakeFile(new ArrayBuffer(0x1000)), new FakeFile(new ArrayBuffer(0x1000))]
  const regions = [0n, 1n].map((i) => ({
    guestAddress: i * 0x1_0000n,
    size: (i + 1n) * 0x1000n,
    userAddress: i * 0x1_0000n,
    mmapOffset: 0n,
  }))
  expect(() => new MemoryTable(regions, files)).toThrow('beyond the file')
  expect(files.map(({ mapped, released }) => [mapped, released])).toEqual([
    [1, 1],
    [0, 0],
  ])
})

test('views are made of what is used, however large the memory is', () => {
  const size = 2 ** 40
  const views: number[] = []
  const file = new FakeFile()
  file.map = () => ({
    view: (_, size) => {
      views.push(size)
      return { buffer: new ArrayBuffer(size), offset: 0 }
    },
    release: () => {},
  })
  const space = new GuestMemory()
  const region = { guestAddress: 0n, size: BigInt(size), userAddress: 0n, mmapOffset: 0n }
  space.replace(new MemoryTable([region], [file]))
  expect(views).toEqual([])
  const ring = space.locate('pa', 0x8_0010, 16, 'ring')
  expect(space.locate('da', 0x8_ff00, 0x100, 'buffer').region).toBe(ring.region)
  const large = space.locate('pa', 0x8_ff00, 0x101, 'buffer over the end of a view')
  expect([large.region.pa, large.offset]).toEqual([0x8_0000, 0xff00])
  expect(space.locate('pa', size - 8, 8, 'the last bytes').region.size).toBe(0x1_0000)
  expect(views).toEqual([0x1_0000, 0x2_0000, 0x1_0000])
})

test('rings and buffers that are spread over more memory than any device uses are refused', () => {
  const file = new FakeFile()
  const buffer = new SharedArrayBuffer(2 ** 20)
  file.map = () => ({ view: () => ({ buffer, offset: 0 }), release: () => {} })
  const space = new GuestMemory()
  const region = { guestAddress: 0n, size: 2n ** 40n, userAddress: 0n, mmapOffset: 0n }
  space.replace(new MemoryTable([region], [file]))
  const spread = (): void => {
    for (let i = 0; i <= 1024; i++) space.locate('pa', i * 2 ** 29, 2 ** 20, 'buffer')
  }
  expect(spread).toThrow(
    expect.objectContaining({
      code: 'ERR_PEER',
      message: expect.stringMatching(/spread over more/),
    }),
  )
})

describe.skipIf(process.platform !== 'linux')('files', async () => {
  if (process.platform !== 'linux') return
  const { memfd } = await import('../../../test/support/vhost-user-native.js')
  const { FileDescriptor } = await import('./descriptor-node.js')
  const { loadLibc } = await import('../native/libc-node.js')
  const { Poller } = await import('../native/poller-node.js')
  const libc = await loadLibc('vhost-user')

  test('a region of gigabytes has each byte at its place', () => {
    const { fd: large } = memfd(libc, Number(2561n * MIB), 0)
    const file = new FileDescriptor(libc, Poller.shared(libc), large)
    const region = {
      guestAddress: 768n * MIB,
      size: 2560n * MIB,
      userAddress: 0x7f00_0000_0000n,
      mmapOffset: MIB,
    }
    const space = new GuestMemory()
    space.replace(new MemoryTable([region], [file]))
    const word = (at: bigint) => space.locate('pa', Number((768n + at) * MIB), 8, 'x')
    for (const at of [0n, 255n, 256n, 1279n, 1280n, 2559n]) {
      const { region, offset } = word(at)
      region.setU32(offset, Number(at) + 1)
      expect(space.locate('da', 0x7f00_0000_0000 + Number(at * MIB), 8, 'x').region).toBe(region)
      const read = new Uint32Array(1)
      readSync(large, read, 0, 4, Number((at + 1n) * MIB))
      expect(read[0]).toBe(Number(at) + 1)
    }
    const { region: kept, offset } = word(256n)
    space.release()
    expect(kept.getU32(offset)).toBe(0)
    file.close()
  })
})
