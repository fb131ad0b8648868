import { describe, expect, test } from 'vitest'
import { firmwareWith, openVdev } from '../../test/support/firmware.js'
import { PlayedMachine } from '../../test/support/processor.js'
import type { EntrySpec } from '../firmware/index.js'
import type { Processor, ProcessorListener } from './machine.js'
import { Remoteproc, type RemoteprocOptions } from './remoteproc.js'

function fail(): never {
  throw new Error('this step fails')
}

/** A machine that remembers whether what it has opened was closed. */
class CountingMachine extends PlayedMachine {
  openings = 0

  override async open(listener: ProcessorListener): Promise<Processor> {
    this.openings++
    return super.open(listener)
  }

  get closings(): number {
    return this.openings === 0 ? 0 : this.processor.calls.filter((call) => call === 'close').length
  }
}

const carveout = (len: number): EntrySpec => ({ kind: 'carveout', name: 'big', len })

describe('of an init nothing is left where', () => {
  test.each<[string, Partial<RemoteprocOptions>]>([
    ['the image cannot be read', { firmware: { name: 'x', open: fail } }],
    ['the image is none', { firmware: new Uint8Array(10) }],
    ['the table is not where it shall be', { resourceTable: { address: 1 } }],
    ['the table is malformed', { resourceTable: { bytes: new Uint8Array(4) } }],
    ['a carve-out is too large', { firmware: firmwareWith([carveout(0x4000_0000)]) }],
    ['no room is left for the rings', { firmware: firmwareWith([carveout(0x1_f000), openVdev]) }],
    ['the heartbeat is of no time', { heartbeat: { within: 0 } }],
  ])('%s', async (_, broken) => {
    const machine = new CountingMachine()
    const init = Remoteproc.init({ firmware: firmwareWith(), machine, ...broken })
    await expect(init).rejects.toThrow()
    expect(machine.closings).toBe(machine.openings)
  })

  test('the machine cannot be opened', async () => {
    const machine = { kind: 'memory', name: 'none', open: fail } as const
    const init = Remoteproc.init({ firmware: firmwareWith(), machine })
    await expect(init).rejects.toThrow('this step fails')
  })
})

/** A remote that is ready, whose sub-device keeps account of itself. */
async function ready() {
  const machine = new PlayedMachine()
  const device = { prepared: 0, started: 0 }
  const rproc = await Remoteproc.init({
    firmware: firmwareWith(),
    machine,
    subdevices: [
      {
        prepare: () => void device.prepared++,
        start: () => void device.started++,
        stop: () => void device.started--,
        unprepare: () => void device.prepared--,
      },
    ],
  })
  return { machine, rproc, device, processor: machine.processor }
}

describe('of a boot nothing is left where', () => {
  test.each<[string, string, string]>([
    ['the remote cannot be started', 'start', 'stopped'],
    ['the first kick cannot be given', 'kick', 'stopped'],
  ])('%s', async (_, call, state) => {
    const { rproc, device, processor } = await ready()
    processor.onCall = (made) => {
      if (made.startsWith(call)) fail()
    }
    await expect(rproc.boot()).rejects.toThrow('this step fails')
    expect(device).toEqual({ prepared: 0, started: 0 })
    expect(rproc.state).toBe(state)
    expect(rproc.rpmsg).toEqual([])
    expect(processor.calls.at(-1)).toBe('stop')
    expect(processor.clock.next()).toBe(Number.POSITIVE_INFINITY)

    processor.onCall = () => {}
    await rproc.boot()
    expect(device).toEqual({ prepared: 1, started: 1 })
    await rproc.shutdown({ deadline: 0 })
    expect(device).toEqual({ prepared: 0, started: 0 })
  })

  test('the remote’s memory cannot be written', async () => {
    const { rproc, device, processor } = await ready()
    const { bytes } = processor.ram
    Object.defineProperty(bytes, 'set', { value: fail, configurable: true })
    await expect(rproc.boot()).rejects.toThrow('this step fails')
    expect(device).toEqual({ prepared: 0, started: 0 })
    expect(rproc.state).toBe('ready')
    expect(processor.calls).toEqual([])

    Reflect.deleteProperty(bytes, 'set')
    await rproc.boot()
    expect(device).toEqual({ prepared: 1, started: 1 })
  })

  test('the remote breaks the rules of the rings at once', async () => {
    const { rproc, device, processor } = await ready()
    processor.onCall = (made) => {
      if (made !== 'kick 0') return
      // used.idx of vring 0: more buffers returned than it was given.
      processor.shared.setU16(80 + 2, 1000)
      queueMicrotask(() => processor.listener.kicked(0))
    }
    await rproc.boot().catch(() => {})
    await rproc.shutdown()
    expect(device).toEqual({ prepared: 0, started: 0 })
    expect(rproc.state).toBe('stopped')
  })
})

test('a machine that fails to stop ends the shutdown with its reason, and can be freed', async () => {
  const { rproc, device, processor } = await ready()
  await rproc.boot()
  processor.onCall = (made) => {
    if (made === 'stop') fail()
  }
  await expect(rproc.shutdown({ deadline: 0 })).rejects.toThrow('this step fails')
  expect(device).toEqual({ prepared: 0, started: 0 })
  processor.onCall = () => {}
  await rproc.deinit()
  expect(processor.calls.at(-1)).toBe('close')
})
