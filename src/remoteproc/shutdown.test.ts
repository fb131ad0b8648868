import { describe, expect, test } from 'vitest'
import { firmwareWith, TABLE } from '../../test/support/firmware.js'
import { PlayedMachine } from '../../test/support/processor.js'
import type { Channel } from '../rpmsg/index.js'
import { resourceInit } from './remote.js'
import { Remoteproc } from './remoteproc.js'
import { shutdownMessage } from './shutdown.js'

/** A booted remote whose end of a channel the test has in hand. Kicks arrive a microtask later. */
async function connected() {
  const machine = new PlayedMachine()
  const reasons: string[] = []
  const rproc = await Remoteproc.init({
    firmware: firmwareWith(),
    machine,
    observer: (event) => event.type === 'stopped' && reasons.push(event.reason),
  })
  await rproc.boot()
  const { processor } = machine
  const { space, clock } = processor
  const kick = (): void => queueMicrotask(() => processor.listener.kicked(0))
  const remote = resourceInit({ space, clock, kick, tableAddress: TABLE })
  processor.onCall = (call) => {
    if (call.startsWith('kick')) queueMicrotask(() => remote.kicked())
  }
  const there = (await remote.whenReady()).announce('echo')
  const channel = await rproc.channel('echo')
  return { rproc, processor, there, channel, reasons }
}

/** Asserts that the message of the host comes next, and is the shutdown message. */
async function takeShutdownMessage(there: Channel): Promise<void> {
  expect((await there.receive()).data).toEqual(shutdownMessage())
}

describe('a shutdown by message', () => {
  test('ends when the remote has sent the message back, which no reader sees', async () => {
    const { rproc, processor, there, channel, reasons } = await connected()
    const read = channel.receive()
    const ended = expect(read).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    const shutdown = rproc.shutdown({ channel })
    await takeShutdownMessage(there)
    expect(rproc.state).toBe('running')
    await there.send(shutdownMessage())
    await shutdown
    await ended
    expect(reasons).toEqual(['acknowledged'])
    expect(processor.calls).not.toContain('request')
  })

  test('ends when the remote has destroyed the channel', async () => {
    const { rproc, there, channel, reasons } = await connected()
    const shutdown = rproc.shutdown({ channel })
    await takeShutdownMessage(there)
    there.close()
    await shutdown
    expect(reasons).toEqual(['acknowledged'])
  })

  test('delivers what comes before the answer', async () => {
    const { rproc, there, channel, reasons } = await connected()
    const shutdown = rproc.shutdown({ channel })
    await takeShutdownMessage(there)
    await there.send('four')
    await there.send(new Uint8Array(4))
    await there.send(shutdownMessage())
    await shutdown
    expect((await channel.receive()).text()).toBe('four')
    expect((await channel.receive()).data).toEqual(new Uint8Array(4))
    expect(reasons).toEqual(['acknowledged'])
  })

  test('resets at the deadline', async () => {
    const { rproc, processor, there, channel, reasons } = await connected()
    const shutdown = rproc.shutdown({ channel, deadline: 20 })
    await takeShutdownMessage(there)
    processor.clock.advanceTo(20e6)
    await shutdown
    expect(reasons).toEqual(['reset'])
  })

  test('resets at the deadline where there is not even a buffer for the message', async () => {
    const { rproc, processor, channel, reasons } = await connected()
    processor.onCall = () => {}
    while (channel.trySend('flood')) {
      // until the ring is full
    }
    const shutdown = rproc.shutdown({ channel, deadline: 20 })
    processor.clock.advanceTo(20e6)
    await shutdown
    expect(reasons).toEqual(['reset'])
  })

  test('ends with a remote that powers itself off instead of an answer', async () => {
    const { rproc, processor, there, channel, reasons } = await connected()
    const shutdown = rproc.shutdown({ channel })
    await takeShutdownMessage(there)
    processor.listener.exited()
    await shutdown
    expect(reasons).toEqual(['exited'])
    expect(processor.calls.filter((call) => call === 'stop')).toHaveLength(1)
  })

  test('asks the machine where the channel is closed already', async () => {
    const { rproc, processor, channel, reasons } = await connected()
    channel.close()
    const shutdown = rproc.shutdown({ channel })
    expect(processor.calls).toContain('request')
    processor.listener.shutdownAcknowledged()
    await shutdown
    expect(reasons).toEqual(['acknowledged'])
  })
})

describe('a shutdown with deadline 0', () => {
  test('asks for nothing and resets at once', async () => {
    const { rproc, processor, channel, reasons } = await connected()
    processor.calls.length = 0
    await rproc.shutdown({ channel, deadline: 0 })
    expect(processor.calls).toEqual(['stop'])
    expect(reasons).toEqual(['reset'])
  })
})

test('a shutdown of what does not run does nothing', async () => {
  const machine = new PlayedMachine()
  const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine })
  await rproc.shutdown()
  expect(rproc.state).toBe('ready')
  await rproc.boot()
  await rproc.shutdown({ deadline: 0 })
  await rproc.shutdown()
  expect(rproc.state).toBe('stopped')
  expect(machine.processor.calls.filter((call) => call === 'stop')).toHaveLength(1)
})

test('an idle remote cannot answer any more: it is reset before the deadline', async () => {
  const { rproc, processor, reasons } = await connected()
  const shutdown = rproc.shutdown({ deadline: 60_000 })
  processor.listener.idle()
  await shutdown
  expect([reasons, processor.clock.now()]).toEqual([['reset'], 0])
})

test('an answer that comes after the end, or in the next life, is not heard', async () => {
  const { rproc, processor, reasons } = await connected()
  const shutdown = rproc.shutdown({ deadline: 20 })
  processor.clock.advanceTo(20e6)
  await shutdown
  await rproc.boot()
  processor.listener.shutdownAcknowledged()
  expect(rproc.state).toBe('running')
  expect(reasons).toEqual(['reset'])
})
