import { describe, expect, test } from 'vitest'
import { firmwareWith, openVdev, TABLE } from '../../test/support/firmware.js'
import { PlayedMachine, RAM, SHARED } from '../../test/support/processor.js'
import { type EntrySpec, memory, rawBinary, readResourceTable, stream } from '../firmware/index.js'
import { Remoteproc } from './remoteproc.js'

const carveout: EntrySpec = { kind: 'carveout', name: 'frames', len: 0x4000 }
const trace: EntrySpec = { kind: 'trace', name: 'log', da: RAM.da + 0x8000, len: 64 }

/** The table in the remote's memory. */
function tableIn({ processor }: PlayedMachine) {
  const start = TABLE - RAM.da
  return readResourceTable(processor.ram.bytes.slice(start, start + 512), 'table')
}

describe('another image for the boots that follow', () => {
  test('brings a table of another size, with memory and traces of its own', async () => {
    const machine = new PlayedMachine()
    const rproc = await Remoteproc.init({ firmware: firmwareWith([openVdev, trace]), machine })
    await rproc.boot()
    expect(rproc.traces.map(({ name }) => name)).toEqual(['log'])
    await rproc.shutdown({ deadline: 0 })

    await rproc.load(memory(firmwareWith([carveout, openVdev]), 'larger.elf'))
    expect([rproc.state, rproc.image.name, rproc.traces]).toEqual(['ready', 'larger.elf', []])
    await rproc.boot()
    expect(tableIn(machine).carveouts).toMatchObject([{ name: 'frames', da: SHARED.da }])
    expect(tableIn(machine).vdevs[0]?.vrings[0]?.da).toBe(SHARED.da + 0x4000)
    await rproc.shutdown({ deadline: 0 })

    // Nothing of the first image's or the second's claims is left.
    await rproc.load(firmwareWith())
    await rproc.boot()
    expect(tableIn(machine).entries).toHaveLength(1)
    expect(tableIn(machine).vdevs[0]?.vrings[0]?.da).toBe(SHARED.da)
  })

  test('may be of another format, and bring no table', async () => {
    const machine = new PlayedMachine()
    const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine })
    const format = rawBinary({ loadAddress: RAM.da + 0x100, entry: RAM.da + 0x104 })
    await rproc.load(new Uint8Array(16).fill(0x42), { format, resourceTable: 'none' })
    await rproc.boot()
    expect(machine.processor.calls).toEqual([`start 0x${(RAM.da + 0x104).toString(16)}`])
    expect([...machine.processor.ram.bytes.subarray(0xfe, 0x102)]).toEqual([0, 0, 0x42, 0x42])
    expect(rproc.rpmsg).toEqual([])
  })

  test.each([
    ['a table of another version', { at: 0, value: 2 }, /expected version 1 .* found 0x2/],
    ['a table with more entries than fit', { at: 4, value: 200 }, /expected at most \d+ in/],
  ])('that has %s is refused, and the one before stays', async (_, { at, value }, message) => {
    const machine = new PlayedMachine()
    const rproc = await Remoteproc.init({ firmware: firmwareWith([carveout, openVdev]), machine })
    const bad = firmwareWith()
    const view = new DataView(bad.buffer)
    // The table is the second segment's bytes; p_offset of its header says where they are.
    view.setUint32(view.getUint32(52 + 32 + 4, true) + at, value, true)
    await expect(rproc.load(bad)).rejects.toMatchObject({
      code: 'ERR_RESOURCE_TABLE',
      message: expect.stringMatching(message),
    })
    await rproc.boot()
    expect(tableIn(machine).carveouts).toHaveLength(1)
  })

  test('is not taken while the remote runs, nor one that was still being read when it began', async () => {
    const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine: new PlayedMachine() })
    let arrive = (): void => {}
    const arrival = new Promise<void>((resolve) => {
      arrive = resolve
    })
    async function* late(): AsyncGenerator<Uint8Array> {
      await arrival
      yield firmwareWith()
    }
    const loading = rproc.load(stream(late()))
    const refused = expect(loading).rejects.toMatchObject({ code: 'ERR_STATE' })
    await rproc.boot()
    arrive()
    await refused
    await expect(rproc.load(firmwareWith())).rejects.toMatchObject({
      code: 'ERR_STATE',
      message: 'load: the remote is running, not ready or stopped',
    })
  })

  test('ends with its signal, before the machine is opened', async () => {
    const aborter = new AbortController()
    const machine = new PlayedMachine()
    async function* silent(): AsyncGenerator<Uint8Array> {
      aborter.abort()
      await new Promise(() => {})
      yield new Uint8Array()
    }
    const options = { firmware: stream(silent()), machine, signal: aborter.signal }
    await expect(Remoteproc.init(options)).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    expect(() => machine.processor).toThrow('not opened')
  })
})

test('a remote is booted from a stream as often as one likes', async () => {
  async function* once(): AsyncGenerator<Uint8Array> {
    yield firmwareWith()
  }
  const machine = new PlayedMachine()
  const rproc = await Remoteproc.init({ firmware: stream(once()), machine })
  for (let life = 0; life < 3; life++) {
    await rproc.boot()
    expect(machine.processor.ram.bytes[0]).toBe(0x13)
    await rproc.shutdown({ deadline: 0 })
    machine.processor.ram.bytes.fill(0xee)
  }
})
