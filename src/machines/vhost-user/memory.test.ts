import { readSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { FakeFile } from '../../../test/support/vhost-user.js'
import { MemoryTable } from './memory.js'

const MIB = 2n ** 20n

test('guest addresses are physical, the front-end’s own are device addresses', () => {
  const file = new FakeFile(new ArrayBuffer(0x3000))
  const region = {
    guestAddress: 0x10_0000n,
    size: 0x2000n,
    userAddress: 0x7f00_0000_0000n,
    mmapOffset: 0x1000n,
  }
  const { space } = new MemoryTable([region], [file])
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

describe.skipIf(process.platform !== 'linux')('files', async () => {
  if (process.platform !== 'linux') return
  const { memfd } = await import('../../../test/support/vhost-user-native.js')
  const { FileDescriptor } = await import('./descriptor-node.js')
  const { loadLibc } = await import('../native/libc-node.js')
  const { Poller } = await import('../native/poller-node.js')
  const libc = await loadLibc('vhost-user')

  test('a region of gigabytes is mapped in pieces, each byte at its place', () => {
    const { fd: large } = memfd(libc, Number(2561n * MIB), 0)
    const file = new FileDescriptor(libc, Poller.shared(libc), large)
    const region = {
      guestAddress: 768n * MIB,
      size: 2560n * MIB,
      userAddress: 0x7f00_0000_0000n,
      mmapOffset: MIB,
    }
    const table = new MemoryTable([region], [file])
    const { space } = table
    expect(space.regions.map(({ size }) => size / 2 ** 20)).toEqual([256, 1024, 1024, 256])
    for (const at of [0n, 255n, 256n, 1279n, 1280n, 2559n]) {
      const { region, offset } = space.locate('pa', Number((768n + at) * MIB), 8, 'x')
      region.setU32(offset, Number(at) + 1)
      expect(space.locate('da', 0x7f00_0000_0000 + Number(at * MIB), 8, 'x').region).toBe(region)
      const word = new Uint32Array(1)
      readSync(large, word, 0, 4, Number((at + 1n) * MIB))
      expect(word[0]).toBe(Number(at) + 1)
    }
    table.release()
    expect(space.regions[0]?.getU32(0)).toBe(0)
    file.close()
  })
})
