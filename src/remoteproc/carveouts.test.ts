import { describe, expect, test } from 'vitest'
import { firmwareWith, openVdev } from '../../test/support/firmware.js'
import { PlayedMachine, RAM, SHARED } from '../../test/support/processor.js'
import { buildElf } from '../firmware/build-elf.js'
import { buildResourceTable, type EntrySpec, type ResourceTable } from '../firmware/index.js'
import { Region } from '../memory/region.js'
import { Remoteproc } from './remoteproc.js'

/** The table as the remote will see it. */
async function planned(
  entries: readonly EntrySpec[],
  machine = new PlayedMachine(),
): Promise<ResourceTable> {
  const rproc = await Remoteproc.init({ firmware: firmwareWith(entries), machine })
  const table = rproc.resourceTable
  if (table === undefined) throw new Error('no table')
  return table
}

const carveout = (name: string, len: number, da?: number): EntrySpec => ({
  kind: 'carveout',
  name,
  len,
  ...(da === undefined ? {} : { da }),
})

const ring = (notifyid?: number, da?: number) => ({
  num: 4,
  align: 16,
  ...(da === undefined ? {} : { da }),
  ...(notifyid === undefined ? {} : { notifyid }),
})

const vdev = (...vrings: readonly { readonly num: number; readonly align: number }[]) =>
  ({ kind: 'vdev', dfeatures: 1, vrings }) satisfies EntrySpec

describe('carve-outs', () => {
  test('an open one gets a page of the shared memory, device and physical address', async () => {
    const [entry] = (await planned([carveout('log', 100), openVdev])).carveouts
    expect(entry).toMatchObject({ da: SHARED.da, pa: SHARED.pa })
  })

  test('a fixed one keeps its address, and gets the physical one', async () => {
    const da = SHARED.da + 0x3000
    const [entry] = (await planned([carveout('log', 0x1000, da), openVdev])).carveouts
    expect(entry).toMatchObject({ da, pa: SHARED.pa + 0x3000 })
  })

  test('nothing else is put where a fixed one is', async () => {
    const table = await planned([
      carveout('first', 0x1000),
      carveout('fixed', 0x2000, SHARED.da + 0x1000),
      carveout('second', 0x1000),
      openVdev,
    ])
    expect(table.carveouts.map(({ da }) => da - SHARED.da)).toEqual([0, 0x1000, 0x3000])
    const rings = table.vdevs[0]?.vrings.map(({ da }) => da - SHARED.da)
    expect(rings).toEqual([0x4000, 0x5000])
  })

  test('one outside all memory is refused', async () => {
    await expect(planned([carveout('far', 16, 0x100), openVdev])).rejects.toMatchObject({
      code: 'ERR_MEMORY',
      message: expect.stringContaining('carve-out far: da 0x100'),
    })
  })

  test('one that finds no room is refused', async () => {
    await expect(planned([carveout('big', 0x10_0000), openVdev])).rejects.toMatchObject({
      code: 'ERR_NO_SPACE',
      message: expect.stringContaining('carve-out big: no 0x100000 bytes left in shared'),
    })
  })

  test('one that finds no room is told how much there is', async () => {
    const entries = [carveout('fixed', 0x2000, SHARED.da + 0x8000), carveout('big', 0x1_8000)]
    await expect(planned([...entries, openVdev])).rejects.toMatchObject({
      code: 'ERR_NO_SPACE',
      message:
        'firmware: carve-out big: no 0x18000 bytes left in shared (0x18000000, 0x20000 bytes), on a multiple of 0x1000; the largest free stretch is 0x16000',
    })
  })

  test('one that overflows 32 bits is refused', async () => {
    await expect(
      planned([carveout('far', 0xffff_fff0, SHARED.da), openVdev]),
    ).rejects.toMatchObject({
      code: 'ERR_MEMORY',
      message: expect.stringContaining('carve-out far: da 0x18000000 + 0xfffffff0 bytes'),
    })
  })
})

describe('rings', () => {
  test('open ones are put on pages of the shared memory', async () => {
    const [entry] = (await planned([openVdev])).vdevs
    expect(entry?.vrings.map(({ da }) => da)).toEqual([SHARED.da, SHARED.da + 0x1000])
  })

  test('fixed ones keep their address, anywhere in the remote’s memory', async () => {
    const da = [RAM.da + 0x8000, RAM.da + 0x9000]
    const [entry] = (await planned([vdev(ring(0, da[0]), ring(1, da[1]))])).vdevs
    expect(entry?.vrings.map((vring) => vring.da)).toEqual(da)
  })

  test('one for which there is a carve-out of its name goes there', async () => {
    const at = SHARED.da + 0x8000
    const [entry] = (await planned([carveout('vdev0vring1', 0x1000, at), openVdev])).vdevs
    expect(entry?.vrings.map(({ da }) => da)).toEqual([SHARED.da, at])
  })

  test('one that does not fit the carve-out of its name is refused', async () => {
    await expect(planned([carveout('vdev0vring0', 32), openVdev])).rejects.toMatchObject({
      code: 'ERR_NO_SPACE',
      message: expect.stringMatching(/vring 0 of vdev 0: it needs .* vdev0vring0 has 0x20/),
    })
  })

  test('a buffers’ carve-out that is too small is refused', async () => {
    await expect(planned([carveout('vdev0buffer', 4095), openVdev])).rejects.toMatchObject({
      code: 'ERR_NO_SPACE',
      message: expect.stringMatching(/8 buffers of 512 need 0x1000 bytes/),
    })
  })
})

describe('what is allocated', () => {
  /** In the shared memory, as some boards run from it: code, bss behind it, then the table. */
  function imageInShared(entries: readonly EntrySpec[]): Uint8Array {
    const table = buildResourceTable(entries)
    const at = SHARED.da + 0x4000
    return buildElf({
      entry: SHARED.da,
      segments: [
        { vaddr: SHARED.da, data: new Uint8Array(64), memsz: 0x1001 },
        { vaddr: at, data: table },
      ],
      sections: [{ name: '.resource_table', addr: at, size: table.length }],
    })
  }

  test('lies beside where a segment is linked, too, if it is loaded elsewhere', async () => {
    const table = buildResourceTable([carveout('log', 0x1000), openVdev])
    const at = RAM.da + 0x4000
    const firmware = buildElf({
      entry: RAM.da,
      segments: [
        { vaddr: SHARED.da, paddr: RAM.da, data: new Uint8Array(64), memsz: 0x1001 },
        { vaddr: at, data: table },
      ],
      sections: [{ name: '.resource_table', addr: at, size: table.length }],
    })
    const rproc = await Remoteproc.init({ firmware, machine: new PlayedMachine() })
    expect(rproc.resourceTable?.carveouts[0]?.da).toBe(SHARED.da + 0x2000)
  })

  test('lies beside segments, the table, trace buffers, fixed rings and each other', async () => {
    const rproc = await Remoteproc.init({
      firmware: imageInShared([
        { kind: 'trace', name: 'trace0', da: SHARED.da + 0x6000, len: 0x100 },
        vdev(ring(0, SHARED.da + 0x8000), ring(1)),
        vdev(ring(2), ring(3)),
        carveout('log', 0x1000),
        carveout('heap', 0x1001),
      ]),
      machine: new PlayedMachine(),
    })
    const table = rproc.resourceTable
    const at = (da: number | undefined) => (da ?? 0) - SHARED.da
    expect(table?.carveouts.map(({ da }) => at(da))).toEqual([0x2000, 0x9000])
    expect(table?.vdevs.map(({ vrings }) => vrings.map(({ da }) => at(da)))).toEqual([
      [0x8000, 0x3000],
      [0x5000, 0x7000],
    ])
    await rproc.boot()
    // The buffers of both devices, as their first descriptors say.
    const { shared } = rproc.processor
    const buffers = [0x8000, 0x5000].map((vring0) => shared.getU64(vring0) - shared.pa)
    expect(buffers).toEqual([0xb000, 0xc000])
  })

  test('for a ring is aligned as the ring is', async () => {
    const wide = { num: 4, align: 0x4000 }
    const [entry] = (await planned([carveout('log', 16), vdev(wide, wide)])).vdevs
    expect(entry?.vrings.map(({ da }) => da % 0x4000)).toEqual([0, 0])
  })

  test.each([
    ['that holds them all', [16, 16], 0x4000],
    ['where there is room for that, else of a page', [64, 64, 16], 0x3000],
  ])('for buffers begins at a multiple of the power of two %s', async (_, counts, offset) => {
    const machine = new PlayedMachine({ shared: new Region({ ...SHARED, size: 0x2_0000 }) })
    const rings = counts.map((num) => ({ num, align: 16 }))
    const rproc = await Remoteproc.init({ firmware: firmwareWith([vdev(...rings)]), machine })
    await rproc.boot()
    const first = rproc.resourceTable?.vdevs[0]?.vrings[0]?.da ?? 0
    const { shared } = machine.processor
    expect(shared.getU64(first - shared.da) - shared.pa).toBe(offset)
  })

  test('may be the carve-outs that the table names for it, wherever those are put', async () => {
    const rproc = await Remoteproc.init({
      firmware: firmwareWith([
        openVdev,
        carveout('vdev0buffer', 0x1000, RAM.da + 0x8000),
        carveout('vdev0vring1', 0x1000),
        carveout('vdev0vring0', 0x1000),
      ]),
      machine: new PlayedMachine(),
    })
    const table = rproc.resourceTable
    expect(table?.vdevs[0]?.vrings.map(({ da }) => da)).toEqual([SHARED.da + 0x1000, SHARED.da])
    await rproc.boot()
    expect(rproc.processor.shared.getU64(0x1000)).toBe(RAM.da + 0x8000)
  })
})

describe('an address that is not aligned as its ring must be is refused', () => {
  test.each([
    ['of the ring', [vdev(ring(0, SHARED.da + 8), ring(1))]],
    ['of its carve-out', [carveout('vdev0vring0', 0x1000, SHARED.da + 8), openVdev]],
  ])('%s', async (_, entries) => {
    await expect(planned(entries)).rejects.toMatchObject({
      code: 'ERR_RESOURCE_TABLE',
      message: expect.stringContaining('vring 0 of vdev 0'),
    })
  })
})

describe('notify ids', () => {
  const ids = (table: ResourceTable) => table.vdevs.map((v) => v.vrings.map((r) => r.notifyid))

  test('those of the table are kept, open ones numbered from 0', async () => {
    expect(ids(await planned([vdev(ring(1), ring()), vdev(ring(), ring())]))).toEqual([
      [1, 0],
      [2, 3],
    ])
  })

  test('all of rings are numbered from 0, in their order, by a machine that does as Linux does', async () => {
    const machine = new PlayedMachine({ renumbers: true })
    const table = await planned(
      [{ ...vdev(ring(1), ring(7)), notifyid: 9 }, vdev(ring(), ring(0))],
      machine,
    )
    expect(ids(table)).toEqual([
      [0, 1],
      [2, 3],
    ])
    expect(table.vdevs[0]?.notifyid).toBe(9)
  })

  test('an open one of a device is none that a ring has', async () => {
    const any = 0xffff_ffff
    const table = await planned([
      { ...vdev(ring(), ring()), notifyid: any },
      { ...vdev(ring(), ring()), notifyid: any },
    ])
    expect(ids(table)).toEqual([
      [0, 1],
      [2, 3],
    ])
    expect(table.vdevs.map(({ notifyid }) => notifyid)).toEqual([4, 5])
  })

  test('the same one on two rings is refused', async () => {
    await expect(planned([vdev(ring(1), ring(1))])).rejects.toMatchObject({
      code: 'ERR_RESOURCE_TABLE',
      message: expect.stringContaining('notify id 1 stands at vring 0 of vdev 0 and at vring 1'),
    })
  })

  test('one that the machine cannot carry is refused', async () => {
    await expect(planned([vdev(ring(0), ring(7))])).rejects.toMatchObject({
      code: 'ERR_RESOURCE_TABLE',
      message: expect.stringContaining('notify id 7, for which this machine has no doorbell'),
    })
  })
})
