import { describe, expect, test } from 'vitest'
import { firmwareWith, openVdev, TABLE } from '../../test/support/firmware.js'
import { PlayedMachine, RAM } from '../../test/support/processor.js'
import { type EntrySpec, readResourceTable } from '../firmware/index.js'
import { Remoteproc, type RemoteprocOptions } from './remoteproc.js'

async function started(
  entries: readonly EntrySpec[] | Uint8Array,
  options: Partial<RemoteprocOptions> = {},
) {
  const machine = new PlayedMachine()
  const notes: string[] = []
  const rproc = await Remoteproc.init({
    firmware: entries instanceof Uint8Array ? entries : firmwareWith(entries),
    machine,
    observer: (event) => event.type === 'note' && notes.push(event.text),
    ...options,
  })
  return { rproc, machine, notes }
}

const vendor = (type: number, ...bytes: number[]): EntrySpec => ({
  kind: 'vendor',
  type,
  bytes: Uint8Array.from(bytes),
})

describe('a vendor’s entry', () => {
  const entries = [vendor(128, 4, 0, 0, 0, 1, 2, 3, 4), openVdev, vendor(512, 7, 7, 7, 7)]

  test('goes to the handler, in the order of the table, before memory is given', async () => {
    const seen: unknown[] = []
    const { notes } = await started(entries, {
      handleRsc: ({ index, type, bytes }, { firmware, table }) => {
        seen.push([index, type, [...bytes], firmware, table.vdevs[0]?.vrings[0]?.da])
        return 'handled'
      },
    })
    expect(seen).toEqual([
      [0, 128, [4, 0, 0, 0, 1, 2, 3, 4], 'firmware', 0xffff_ffff],
      [2, 512, [7, 7, 7, 7], 'firmware', 0xffff_ffff],
    ])
    expect(notes).toEqual([])
  })

  test('may be answered: what the handler writes into it the remote reads', async () => {
    const { rproc, machine } = await started([vendor(200, 1, 1, 1, 1), openVdev], {
      handleRsc: ({ bytes }) => {
        bytes.set([9, 8, 7])
        return 'handled'
      },
    })
    await rproc.boot()
    const { ram } = machine.processor
    const table = readResourceTable(ram.bytes.slice(TABLE - RAM.da).subarray(0, 256), 'table')
    const [entry] = table.entries
    expect([...ram.bytes.subarray(TABLE - RAM.da + (entry?.offset ?? 0) + 4).slice(0, 4)]).toEqual([
      9, 8, 7, 1,
    ])
  })

  test('that nobody handles is passed over, with a note', async () => {
    const ignored = await started(entries, { handleRsc: () => 'ignored' })
    const alone = await started(entries)
    expect(ignored.notes).toEqual([
      'resource table entry 0 (vendor type 128, 8 bytes) was passed over: nobody handles it',
      'resource table entry 2 (vendor type 512, 4 bytes) was passed over: nobody handles it',
    ])
    expect(alone.notes).toEqual(ignored.notes)
    expect(alone.rproc.state).toBe('ready')
  })

  test('that the handler refuses refuses the image, and frees the machine', async () => {
    const machine = new PlayedMachine()
    const cause = new Error('no such clock')
    const handleRsc = (): never => {
      throw cause
    }
    await expect(
      Remoteproc.init({ firmware: firmwareWith(entries), machine, handleRsc }),
    ).rejects.toMatchObject({
      code: 'ERR_RESOURCE_TABLE',
      message:
        'firmware: resource table entry 0: the handler of vendor type 128 refused it: no such clock',
      cause,
    })
    expect(machine.processor.calls).toEqual(['close'])
  })
})

test('an entry of an unknown type is passed over, with a note', async () => {
  const firmware = firmwareWith([vendor(0x1fd, 0, 0, 0, 0), openVdev])
  firmware[firmware.indexOf(0xfd) + 1] = 2
  const { notes } = await started(firmware, { handleRsc: () => expect.unreachable('no vendor') })
  expect(notes).toEqual(['resource table entry 0 was passed over: its type 0x2fd is not known'])
})

describe('a devmem entry', () => {
  const devmem = (pa: number, len: number, da = pa): EntrySpec => ({
    ...{ kind: 'devmem', name: 'uart', pa, da, len },
  })
  const allowed = [
    { pa: 0x4000_0000, size: 0x1000 },
    { pa: 0xffff_f000, size: 0x1000 },
  ]

  test.each([
    ['the whole of what is allowed', devmem(0x4000_0000, 0x1000)],
    ['a part of it', devmem(0x4000_0ff0, 0x10)],
    ['the last bytes of all', devmem(0xffff_fff0, 0x10)],
    ['it wherever it is', devmem(0x4000_0000, 0x10, 0xffff_ffff)],
  ])('that asks for %s is accepted', async (_, entry) => {
    const { rproc } = await started([entry, openVdev], { devmem: allowed })
    expect(rproc.state).toBe('ready')
  })

  test.each([
    ['what is outside', devmem(0x4000_1000, 0x10), /pa 0x40001000 \+ 0x10 bytes, which is outside/],
    ['more than is allowed', devmem(0x4000_0000, 0x1001), /outside what is allowed \(0x40000000/],
    ['what ends beyond it', devmem(0x4000_0ff8, 0x10), /outside/],
    ['what wraps around', devmem(0xffff_fff0, 0xffff_ffff), /outside/],
    ['nothing', devmem(0x4000_0000, 0), /expected a physical address and a length/],
    ['any address', devmem(0xffff_ffff, 0x10), /expected a physical address and a length/],
    ['it at another address', devmem(0x4000_0000, 0x10, 0x100), /at da 0x00000100.* no IOMMU/],
  ])('that asks for %s is refused', async (_, entry, message) => {
    await expect(started([entry, openVdev], { devmem: allowed })).rejects.toMatchObject({
      code: 'ERR_RESOURCE_TABLE',
      message: expect.stringMatching(message),
    })
  })

  test('is refused where nothing is allowed, as Linux does without an IOMMU', async () => {
    await expect(started([devmem(0x4000_0000, 0x10), openVdev])).rejects.toMatchObject({
      code: 'ERR_RESOURCE_TABLE',
      message: expect.stringContaining(
        'resource table entry 0 (devmem uart): asks for pa 0x40000000 + 0x10 bytes, and no devmem is allowed',
      ),
    })
  })
})
