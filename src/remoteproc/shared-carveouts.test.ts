import { describe, expect, test } from 'vitest'
import { firmwareWith, openVdev } from '../../test/support/firmware.js'
import { PlayedMachine, type PlayedMemory, RAM, SHARED } from '../../test/support/processor.js'
import { buildElf } from '../firmware/build-elf.js'
import { buildResourceTable, type EntrySpec } from '../firmware/index.js'
import { Region } from '../memory/region.js'
import { Remoteproc } from './remoteproc.js'

async function started(
  entries: readonly EntrySpec[],
  memory: PlayedMemory,
  firmware = firmwareWith(entries),
) {
  const machine = new PlayedMachine(memory)
  const notes: string[] = []
  const rproc = await Remoteproc.init({
    firmware,
    machine,
    observer: (event) => event.type === 'note' && notes.push(event.text),
  })
  const table = rproc.resourceTable
  if (table === undefined) throw new Error('no table')
  return { rproc, machine, table, notes }
}

const carveout = (name: string, len: number, da?: number): EntrySpec => ({
  ...{ kind: 'carveout', name, len },
  ...(da === undefined ? {} : { da }),
})

describe('memory that remotes share by its name', () => {
  const buffer = new SharedArrayBuffer(0x4000)
  const frames = { name: 'frames', size: 0x4000, buffer }
  const here = new Region({ ...frames, da: 0x3000_0000, pa: 0x9000_0000 })
  /** The same memory, as another remote sees it. */
  const there = new Region({ ...frames, da: 0x2000_0000, pa: 0x9000_0000 })

  test('is where each has its carve-out of that name', async () => {
    const one = await started([carveout('frames', 0x4000), openVdev], { carveouts: [here] })
    const other = await started([carveout('frames', 0x1000), openVdev], { carveouts: [there] })
    expect(one.table.carveout('frames')).toMatchObject({ da: 0x3000_0000, pa: 0x9000_0000 })
    expect(other.table.carveout('frames')).toMatchObject({ da: 0x2000_0000, pa: 0x9000_0000 })
    one.machine.processor.space.locate('da', 0x3000_0010, 1, 'x').region.bytes[0x10] = 42
    expect(there.bytes[0x10]).toBe(42)
  })

  test('takes no other carve-out, and gives none of the remote’s own', async () => {
    const { table } = await started([carveout('mine', 0x1000), openVdev], { carveouts: [here] })
    expect(table.carveout('mine')?.da).toBe(SHARED.da)
    // The names of the machine's own memory are no names of carve-outs.
    const own = await started([carveout('ram', 0x1000), openVdev], {})
    expect(own.table.carveout('ram')?.da).toBe(SHARED.da)
  })

  test('may be asked for in part, at a fixed address inside it', async () => {
    const { table } = await started([carveout('frames', 0x1000, 0x3000_2000), openVdev], {
      carveouts: [here],
    })
    expect(table.carveout('frames')).toMatchObject({ da: 0x3000_2000, pa: 0x9000_2000 })
  })

  test.each([
    ['more than there is', carveout('frames', 0x4001), 'ERR_NO_SPACE', /0x4001 bytes, the region/],
    [
      'an address elsewhere',
      carveout('frames', 16, RAM.da + 0x8000),
      'ERR_RESOURCE_TABLE',
      /not in/,
    ],
    ['beyond its end', carveout('frames', 16, 0x3000_3ff8), 'ERR_MEMORY', /carve-out frames/],
  ])('is refused for %s', async (_, entry, code, message) => {
    await expect(started([entry, openVdev], { carveouts: [here] })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })

  test('is no two carve-outs of one remote', async () => {
    const twice = [carveout('frames', 16), carveout('frames', 16), openVdev]
    await expect(started(twice, { carveouts: [here] })).rejects.toMatchObject({
      code: 'ERR_RESOURCE_TABLE',
      message: expect.stringContaining('carve-out frames (entry 1): the region of that name is'),
    })
  })

  test('may be for a ring and for buffers, which need no entry of their own', async () => {
    const ring = new Region({ name: 'vdev0vring1', da: 0x4000_0000, size: 0x1000 })
    const pool = new Region({ name: 'vdev0buffer', da: 0x5000_0000, size: 0x1000 })
    const { rproc, table, machine } = await started([openVdev], { carveouts: [ring, pool] })
    expect(table.vdevs[0]?.vrings.map(({ da }) => da)).toEqual([SHARED.da, 0x4000_0000])
    await rproc.boot()
    expect(machine.processor.shared.getU64(0)).toBe(0x5000_0000)
  })

  test('that is too small for a ring is refused', async () => {
    const ring = new Region({ name: 'vdev0vring0', da: 0x4000_0000, size: 64 })
    await expect(started([openVdev], { carveouts: [ring] })).rejects.toMatchObject({
      code: 'ERR_NO_SPACE',
      message: expect.stringContaining('carve-out vdev0vring0 has 0x40'),
    })
  })
})

describe('above 4 GiB', () => {
  const HIGH = 0x8_0000_0000

  test('a physical address has its low half in the table, as on Linux; rings have all of it', async () => {
    const shared = new Region({ ...SHARED, pa: HIGH })
    const { rproc, table, notes } = await started([carveout('log', 0x1000), openVdev], { shared })
    expect(table.carveout('log')).toMatchObject({ da: SHARED.da, pa: 0 })
    expect(notes).toEqual([
      'firmware: carve-out log: of its physical address 0x800000000 the table has the low 32 bits only',
    ])
    await rproc.boot()
    // The first descriptor of vring 0, behind which the buffers lie.
    expect(shared.getU64(0x1000)).toBe(HIGH + 0x3000)
  })

  test.each([
    ['carve-out', [carveout('log', 0x1000), openVdev], /carve-out log: its device address 0x8/],
    ['ring', [openVdev], /vring 0 of vdev 0: its device address 0x8/],
  ])(
    'a device address that the table cannot say is refused: of a %s',
    async (_, entries, message) => {
      const shared = new Region({ ...SHARED, da: HIGH })
      await expect(started(entries, { shared })).rejects.toMatchObject({
        code: 'ERR_RESOURCE_TABLE',
        message: expect.stringMatching(message),
      })
    },
  )

  test('the segments and the table of a 64-bit image are loaded there', async () => {
    const table = buildResourceTable([openVdev])
    const firmware = buildElf({
      bits: 64,
      machine: 183,
      entry: HIGH,
      segments: [
        { vaddr: HIGH, data: new Uint8Array(16).fill(0x1f), memsz: 64 },
        { vaddr: HIGH + 0x1000, data: table },
      ],
      sections: [{ name: '.resource_table', addr: HIGH + 0x1000, size: table.length }],
    })
    const high = new Region({ name: 'high', da: HIGH, size: 0x4000 })
    const { rproc, machine } = await started([], { carveouts: [high] }, firmware)
    await rproc.boot()
    expect(high.bytes[15]).toBe(0x1f)
    expect(rproc.resourceTable?.da).toBe(HIGH + 0x1000)
    expect(high.getU32(0x1000)).toBe(1)
    expect(machine.processor.calls[0]).toBe('start 0x800000000')
  })

  test('a segment that ends beyond 2^53 is refused', async () => {
    const firmware = buildElf({
      bits: 64,
      entry: HIGH,
      segments: [{ vaddr: HIGH, data: new Uint8Array(16), memsz: 2 ** 53 - 8 }],
    })
    await expect(started([], {}, firmware)).rejects.toMatchObject({ code: 'ERR_IMAGE' })
  })
})
