import { describe, expect, test } from 'vitest'
import { firmwareWith, TABLE } from '../../test/support/firmware.js'
import { PlayedMachine, type PlayedProcessor, RAM, SHARED } from '../../test/support/processor.js'
import { fw_rsc_vdev, readResourceTable } from '../firmware/index.js'
import { Remoteproc } from './remoteproc.js'

const machine = () => new PlayedMachine()

/** The vdev's entry as it stands in the remote's memory. */
function vdevIn(processor: PlayedProcessor) {
  const offset = TABLE - RAM.da
  const bytes = processor.ram.bytes.slice(offset, offset + 256)
  const [entry] = readResourceTable(bytes, 'table').vdevs
  if (entry === undefined) throw new Error('no vdev')
  return entry
}

describe('boot, in the order of Linux', () => {
  test('init leaves the remote in reset, and its memory alone', async () => {
    const place = machine()
    const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine: place })
    expect(rproc.state).toBe('ready')
    expect(place.processor.calls).toEqual([])
    expect(place.processor.ram.bytes.every((byte) => byte === 0)).toBe(true)
  })

  test('segments are loaded and bss is zeroed before the remote starts', async () => {
    const place = machine()
    const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine: place })
    const { ram } = place.processor
    ram.bytes.fill(0xee)
    place.processor.onCall = (call) => {
      if (!call.startsWith('start')) return
      expect(ram.bytes.subarray(0, 64).every((byte) => byte === 0x13)).toBe(true)
      expect(ram.bytes.subarray(64, 320).every((byte) => byte === 0)).toBe(true)
      expect(ram.bytes[320]).toBe(0xee)
    }
    await rproc.boot()
    expect(place.processor.calls).toEqual(['start 0x80000000', 'kick 0'])
  })

  test('the table that was prepared lies over the image’s own before the remote starts', async () => {
    const place = machine()
    const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine: place })
    place.processor.onCall = (call) => {
      if (!call.startsWith('start')) return
      const entry = vdevIn(place.processor)
      expect(entry.vrings.map(({ da }) => da)).toEqual([SHARED.da, SHARED.da + 0x1000])
      expect(entry).toMatchObject({ status: 0, gfeatures: 0 })
    }
    await rproc.boot()
    expect(place.processor.calls).toHaveLength(2)
  })

  test('at the first kick features, rings, buffers and DRIVER_OK are there', async () => {
    const place = machine()
    const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine: place })
    const { shared } = place.processor
    shared.bytes.fill(0xee)
    let looked = 0
    place.processor.onCall = (call) => {
      if (call !== 'kick 0') return
      looked++
      expect(vdevIn(place.processor)).toMatchObject({ gfeatures: 1, status: 7 })
      // vring 0: four descriptors of 512 writable bytes, by physical address; avail.idx 4.
      expect(shared.getU64(0) - SHARED.pa).toBe(0x2000)
      expect([shared.getU32(8), shared.getU16(12)]).toEqual([512, 2])
      expect(shared.getU16(64 + 2)).toBe(4)
      expect(Array.from({ length: 4 }, (_, i) => shared.getU16(64 + 4 + 2 * i))).toEqual([
        0, 1, 2, 3,
      ])
      // vring 1 is empty, and its used index 0.
      expect(shared.getU16(0x1000 + 64 + 2)).toBe(0)
      expect(shared.getU16(0x1000 + 80 + 2)).toBe(0)
    }
    await rproc.boot()
    expect(looked).toBe(1)
  })

  test('the status goes through ACKNOWLEDGE and DRIVER, and DRIVER_OK comes last', async () => {
    const place = machine()
    const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine: place })
    const at = TABLE - RAM.da + vdevOffset(rproc) + fw_rsc_vdev.status
    const seen: number[] = []
    const { bytes } = place.processor.ram
    const store = Atomics.store.bind(Atomics)
    // The one place through which a status is written.
    Atomics.store = ((array: Uint8Array, index: number, value: number) => {
      if (array === bytes && index === at) seen.push(value)
      return store(array, index, value)
    }) as typeof Atomics.store
    try {
      await rproc.boot()
    } finally {
      Atomics.store = store as typeof Atomics.store
    }
    expect(seen).toEqual([0, 1, 3, 7])
  })

  test('a feature that the host does not know is not accepted', async () => {
    const place = machine()
    const firmware = firmwareWith([
      {
        kind: 'vdev',
        dfeatures: 0xffff_ffff,
        vrings: [
          { num: 4, align: 16, notifyid: 0 },
          { num: 4, align: 16, notifyid: 1 },
        ],
      },
    ])
    const rproc = await Remoteproc.init({ firmware, machine: place })
    await rproc.boot()
    expect(vdevIn(place.processor).gfeatures).toBe(1)
  })
})

function vdevOffset(rproc: Remoteproc): number {
  return rproc.resourceTable?.vdevs[0]?.offset ?? 0
}

describe('the next boot', () => {
  test('has table, rings and status of its own', async () => {
    const place = machine()
    const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine: place })
    await rproc.boot()
    const first = place.processor.ram.bytes.slice()
    await rproc.shutdown({ deadline: 0 })
    // A remote that has written over everything leaves nothing to its successor.
    place.processor.ram.bytes.fill(0xaa)
    place.processor.shared.bytes.fill(0xaa)
    await rproc.boot()
    const code = 320
    expect(place.processor.ram.bytes.subarray(0, code)).toEqual(first.subarray(0, code))
    expect(vdevIn(place.processor)).toMatchObject({ gfeatures: 1, status: 7 })
    expect(place.processor.shared.getU16(64 + 2)).toBe(4)
    expect(place.processor.calls).toEqual([
      'start 0x80000000',
      'kick 0',
      'stop',
      'start 0x80000000',
      'kick 0',
    ])
  })

  test('is not touched by what is left of the last one', async () => {
    const place = machine()
    const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine: place })
    await rproc.boot()
    const endpoint = rproc.rpmsg[0]?.createEndpoint({ destination: 1024 })
    const buffer = endpoint?.tryGetTxPayloadBuffer()
    await rproc.shutdown({ deadline: 0 })
    await rproc.boot()
    const before = place.processor.shared.bytes.slice()
    if (buffer !== undefined) expect(() => endpoint?.sendNocopy(buffer, 4)).toThrow('was reset')
    await expect(endpoint?.send('late')).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    expect(place.processor.shared.bytes).toEqual(before)
  })
})

describe('states', () => {
  test('boot twice is refused, deinit can be called twice', async () => {
    const place = machine()
    const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine: place })
    await rproc.boot()
    await expect(rproc.boot()).rejects.toMatchObject({ code: 'ERR_STATE' })
    await Promise.all([rproc.shutdown({ deadline: 0 }), rproc.deinit()])
    await rproc.deinit()
    expect(rproc.state).toBe('offline')
    expect(place.processor.calls).toEqual(['start 0x80000000', 'kick 0', 'stop', 'close'])
    await expect(rproc.boot()).rejects.toMatchObject({ code: 'ERR_STATE' })
  })

  test('a machine whose image is refused is closed', async () => {
    const place = machine()
    const firmware = firmwareWith([{ kind: 'carveout', name: 'far', da: 16, len: 16 }])
    await expect(Remoteproc.init({ firmware, machine: place })).rejects.toThrow('carve-out far')
    expect(place.processor.calls).toEqual(['close'])
  })

  test('a remote that lies in its rings is crashed, with the reason, and put into reset', async () => {
    const place = machine()
    const reasons: string[] = []
    const rproc = await Remoteproc.init({
      firmware: firmwareWith(),
      machine: place,
      observer: (event) => event.type === 'crashed' && reasons.push(event.reason),
    })
    await rproc.boot()
    const channel = rproc.channel('anything')
    // used.idx of vring 0, far beyond the four buffers.
    place.processor.shared.setU16(80 + 2, 1000)
    place.processor.listener.kicked(0)
    await expect(channel).rejects.toMatchObject({ code: 'ERR_CRASHED' })
    expect(rproc.state).toBe('crashed')
    expect(reasons).toEqual([
      expect.stringMatching(/^vring 0 of vdev 0: used\.idx went from 0 to 1000/),
    ])
    expect(place.processor.calls.at(-1)).toBe('stop')
  })

  test('shutdown in an observer of the boot leaves it stopped', async () => {
    const place = machine()
    let ended: Promise<void> | undefined
    const rproc: Remoteproc = await Remoteproc.init({ firmware: firmwareWith(), machine: place })
    rproc.events.observe((event) => {
      if (event.type === 'booted') ended = rproc.shutdown({ deadline: 0 })
    })
    await rproc.boot()
    await ended
    expect(rproc.state).toBe('stopped')
  })
})

describe('shutdown by the machine’s own request', () => {
  test('ends when the remote has acknowledged', async () => {
    const place = machine()
    const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine: place })
    await rproc.boot()
    place.processor.onCall = (call) => {
      if (call === 'request') queueMicrotask(() => place.processor.listener.shutdownAcknowledged())
    }
    const stopped: string[] = []
    rproc.events.observe((event) => event.type === 'stopped' && stopped.push(event.reason))
    await rproc.shutdown()
    expect(stopped).toEqual(['acknowledged'])
  })

  test('resets at the deadline, which counts on the machine’s clock', async () => {
    const place = machine()
    const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine: place })
    await rproc.boot()
    const stopped: string[] = []
    rproc.events.observe((event) => event.type === 'stopped' && stopped.push(event.reason))
    const ended = rproc.shutdown({ deadline: 20 })
    place.processor.clock.advanceTo(19e6)
    await Promise.resolve()
    expect(rproc.state).toBe('running')
    place.processor.clock.advanceTo(20e6)
    await ended
    expect(stopped).toEqual(['reset'])
  })
})
