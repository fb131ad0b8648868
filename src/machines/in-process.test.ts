import { expect, test } from 'vitest'
import { Remoteproc } from '../remoteproc/index.js'
import { resourceInit } from '../remoteproc/remote.js'
import type { Endpoint } from '../rpmsg/index.js'
import { type InProcessRemote, inProcess, inProcessFirmware, inProcessTable } from './in-process.js'

const firmware = inProcessFirmware()

/** All that was on its way between the two ends has come: what one does, the other sees a turn later. */
async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve))
}

test('what the remote’s onKick throws is a crash', async () => {
  const machine = inProcess((place) => {
    place.onKick = () => {
      throw new Error('in the interrupt handler')
    }
  })
  await using rproc = await Remoteproc.init({ firmware, machine })
  await rproc.boot()
  await expect(rproc.whenStopped()).rejects.toMatchObject({
    code: 'ERR_CRASHED',
    message: 'the remote crashed: in the interrupt handler',
  })
})

test('what a remote throws because it was reset is no crash of the next', async () => {
  let lives = 0
  const machine = inProcess(async ({ reset }) => {
    lives++
    await new Promise((_, reject) => reset.addEventListener('abort', () => reject(reset.reason)))
  })
  await using rproc = await Remoteproc.init({ firmware, machine })
  await rproc.boot()
  await turns()
  await rproc.shutdown({ deadline: 0 })
  await rproc.boot()
  await turns()
  expect([lives, rproc.state]).toEqual([2, 'running'])
})

test('a kick of an earlier life reaches neither end', async () => {
  const places: InProcessRemote[] = []
  const kicks: number[] = []
  const machine = inProcess((place) => {
    const life = places.push(place)
    place.onKick = () => kicks.push(life)
  })
  await using rproc = await Remoteproc.init({ firmware, machine })
  await rproc.boot()
  await turns()
  kicks.length = 0
  // Both are on their way when the life ends.
  rproc.processor.kick(0)
  places[0]?.kick(0)
  await rproc.shutdown({ deadline: 0 })
  await rproc.boot()
  let polled = 0
  const [device] = rproc.rpmsg
  if (device === undefined) throw new Error('no device')
  device.poll = () => polled++
  places[0]?.kick(0)
  await turns()
  expect({ polled, kicks }).toEqual({ polled: 0, kicks: [2] })
})

test('a remote of an earlier life that still runs touches nothing of the next', async () => {
  const endpoints: Endpoint[] = []
  const machine = inProcess(async (place) => {
    const remote = resourceInit({ ...place, tableAddress: inProcessTable })
    place.onKick = () => remote.kicked()
    endpoints.push((await remote.whenReady()).announce('ticks').endpoint)
  })
  await using rproc = await Remoteproc.init({ firmware, machine })
  await rproc.boot()
  await rproc.channel('ticks')
  await rproc.shutdown({ deadline: 0 })
  await rproc.boot()
  const channel = await rproc.channel('ticks')
  const { space } = rproc.processor
  const before = space.regions.map(({ bytes }) => Buffer.from(bytes))
  const [stale, alive] = endpoints
  expect(() => stale?.trySendTo('from the grave', channel.endpoint.address)).toThrow(
    expect.objectContaining({ code: 'ERR_STOPPED' }),
  )
  expect(space.regions.map(({ bytes }, i) => before[i]?.equals(bytes))).toEqual([true, true])
  alive?.trySendTo('alive', channel.endpoint.address)
  expect((await channel.receive()).text()).toBe('alive')
})

test('the process is kept alive as long as the remote is up, and no longer', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((what) => what === 'Timeout').length
  // The test runner has timers of its own that report the test before this one.
  while (timers() > 0) await new Promise((resolve) => setImmediate(resolve))
  const rproc = await Remoteproc.init({ firmware, machine: inProcess(() => {}) })
  for (let life = 0; life < 2; life++) {
    await rproc.boot()
    expect(timers()).toBe(1)
    await rproc.shutdown({ deadline: 0 })
    expect(timers()).toBe(0)
  }
})
