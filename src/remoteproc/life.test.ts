import { describe, expect, test } from 'vitest'
import { firmwareWith, TABLE } from '../../test/support/firmware.js'
import { PlayedMachine } from '../../test/support/processor.js'
import { AddressSpace } from '../memory/address-space.js'
import type { RemoteprocEvent } from './events.js'
import { resourceInit } from './remote.js'
import { Remoteproc } from './remoteproc.js'

async function booted(onEvent: (event: RemoteprocEvent, rproc: Remoteproc) => void = () => {}) {
  const machine = new PlayedMachine()
  const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine })
  rproc.events.observe((event) => onEvent(event, rproc))
  await rproc.boot()
  return { rproc, processor: machine.processor }
}

/** A processor that takes its time to stop: until the function that is returned is called. */
function slowToStop(processor: PlayedMachine['processor']): () => void {
  let stopped = (): void => {}
  const stop = processor.stop.bind(processor)
  processor.stop = async () => {
    await stop()
    await new Promise<void>((resolve) => {
      stopped = resolve
    })
  }
  return () => stopped()
}

describe('a boot', () => {
  test('waits until the processor has left its last life', async () => {
    const types: string[] = []
    const { rproc, processor } = await booted(({ type }) => types.push(type))
    const stopped = slowToStop(processor)
    const end = rproc.whenStopped()
    const shutdown = rproc.shutdown({ deadline: 0 })
    await end
    processor.calls.length = 0
    const again = rproc.boot()
    await new Promise((resolve) => setImmediate(resolve))
    expect(processor.calls).toEqual([])
    stopped()
    await Promise.all([shutdown, again])
    expect(processor.calls).toEqual(['start 0x80000000', 'kick 0'])
    expect(types).toEqual(['booted', 'stopped', 'booted'])
    expect(rproc.state).toBe('running')
  })

  test('is refused while the machine is being freed, also to an observer of the end', async () => {
    let refused: Promise<unknown> | undefined
    const { rproc, processor } = await booted(({ type }, remote) => {
      if (type === 'stopped') refused = remote.boot().catch((error: unknown) => error)
    })
    processor.onCall = (call) => {
      if (call === 'request') setImmediate(() => processor.listener.shutdownAcknowledged())
    }
    await rproc.deinit()
    expect(await refused).toMatchObject({ code: 'ERR_STATE' })
    expect(processor.calls.slice(-2)).toEqual(['stop', 'close'])
    expect(rproc.state).toBe('offline')
  })

  test('that the processor refuses leaves a remote that can be booted again', async () => {
    const { rproc, processor } = await booted()
    await rproc.shutdown({ deadline: 0 })
    const { start } = processor
    processor.start = () => {
      throw new Error('not now')
    }
    await expect(rproc.boot()).rejects.toThrow('not now')
    expect(rproc.state).toBe('stopped')
    processor.start = start
    await rproc.boot()
    expect(rproc.state).toBe('running')
  })
})

test('a shutdown that resets at once does not wait for a graceful one that is under way', async () => {
  const { rproc, processor } = await booted()
  const graceful = rproc.shutdown({ deadline: 60_000 })
  expect(processor.calls).toContain('request')
  await rproc.shutdown({ deadline: 0 })
  await graceful
  expect([rproc.state, processor.clock.now()]).toEqual(['stopped', 0])
})

test('a delay that is no number is refused', async () => {
  const { rproc } = await booted()
  await expect(rproc.sleep(Number.NaN)).rejects.toMatchObject({ code: 'ERR_USAGE' })
  await expect(rproc.whenStopped({ timeout: Number.NaN })).rejects.toMatchObject({
    code: 'ERR_USAGE',
  })
  expect(rproc.processor.clock.now()).toBe(0)
})

test('a character whose bytes come apart is one character on the console', async () => {
  let text = ''
  const { rproc, processor } = await booted((event) => {
    if (event.type === 'console') text += event.text
  })
  const bytes = new TextEncoder().encode('größer → €')
  for (const byte of bytes) processor.listener.console(Uint8Array.of(byte))
  expect(text).toBe('größer → €')
  // Half a character of one life is no part of the next one's first.
  processor.listener.console(bytes.subarray(-3, -1))
  await rproc.shutdown({ deadline: 0 })
  await rproc.boot()
  text = ''
  processor.listener.console(Uint8Array.of(0x41))
  expect(text).toBe('A')
})

test('an idle remote that left something in the rings is looked at before anybody gives up', async () => {
  const { rproc, processor } = await booted()
  let woken = 0
  processor.wake = () => woken++
  const { ram, shared } = processor
  const remote = resourceInit({
    space: new AddressSpace([ram, shared]),
    tableAddress: TABLE,
    kick: () => {},
    clock: processor.clock,
  })
  const device = await remote.whenReady()
  const end = rproc.whenStopped()
  let ended = false
  end.catch(() => {
    ended = true
  })
  device.announce('late')
  woken = 0
  processor.listener.idle()
  await new Promise((resolve) => setImmediate(resolve))
  expect(rproc.announcements).toMatchObject([{ name: 'late' }])
  expect({ ended, woken }).toEqual({ ended: false, woken: 1 })
  processor.listener.idle()
  await expect(end).rejects.toMatchObject({ code: 'ERR_IDLE' })
})
