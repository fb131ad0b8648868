import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { firmwareWith } from '../../test/support/firmware.js'
import { PlayedMachine } from '../../test/support/processor.js'
import { takeUncaught } from '../../test/support/uncaught.js'
import { emulated } from '../machines/index.js'
import type { RemoteprocEvent } from './events.js'
import { Remoteproc } from './remoteproc.js'

type Observer = (event: RemoteprocEvent, rproc: Remoteproc) => void

/** A booted remote that the test plays, and the types of the events so far. */
async function booted(observer: Observer = () => {}) {
  const machine = new PlayedMachine()
  const types: string[] = []
  const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine })
  rproc.events.observe((event) => {
    types.push(event.type)
    observer(event, rproc)
  })
  await rproc.boot()
  return { rproc, processor: machine.processor, types }
}

describe('a boot that is called', () => {
  test('while the last life is being closed begins after it', async () => {
    const { rproc, processor, types } = await booted()
    let again: Promise<void> | undefined
    rproc.rpmsg[0]?.createEndpoint({
      unbound: () => {
        again = rproc.boot()
      },
    })
    const pending = rproc.whenStopped()
    await rproc.shutdown({ deadline: 0 })
    await Promise.all([again, pending])
    expect(types).toEqual(['booted', 'stopped', 'booted'])
    expect(processor.calls.slice(2)).toEqual(['stop', 'start 0x80000000', 'kick 0'])
    expect(rproc.state).toBe('running')
  })

  test('before a shutdown is ended by it, however long it had to wait', async () => {
    const { rproc, processor, types } = await booted()
    processor.listener.exited()
    const booting = rproc.boot()
    await rproc.shutdown({ deadline: 0 })
    await booting
    expect(types).toEqual(['booted', 'stopped', 'booted', 'stopped'])
    expect(rproc.state).toBe('stopped')
  })

  test('by an observer of the end can be ended by a shutdown of its own', async () => {
    let done: Promise<void> | undefined
    const { rproc, types } = await booted(({ type }, remote) => {
      if (type !== 'stopped' || done !== undefined) return
      done = remote.boot().then(() => remote.shutdown({ deadline: 0 }))
    })
    await rproc.shutdown({ deadline: 0 })
    await done
    expect(types).toEqual(['booted', 'stopped', 'booted', 'stopped'])
  })
})

describe('a shutdown', () => {
  test('by an observer of an announcement, from within the ring, does no harm', async () => {
    let ended: Promise<void> | undefined
    const rproc: Remoteproc = await Remoteproc.init({
      firmware: readFileSync(new URL('../../firmware/images/echo.elf', import.meta.url)),
      machine: emulated({ deterministic: true }),
      observer: ({ type }) => {
        if (type === 'announced') ended = rproc.deinit()
      },
    })
    await rproc.boot()
    await expect(rproc.channel('rpmsg-openamp-demo-channel')).resolves.toBeDefined()
    await ended
    expect(rproc.state).toBe('offline')
  })

  test('that waits for a remote which crashes meanwhile ends with the crash', async () => {
    const { rproc, processor, types } = await booted()
    const shutdown = rproc.shutdown({ deadline: 60_000 })
    processor.listener.crashed('a reason')
    expect(rproc.state).toBe('crashed')
    await shutdown
    expect(types).toEqual(['booted', 'crashed'])
    expect(rproc.state).toBe('stopped')
  })

  test('by an observer of a crash makes it ready to boot', async () => {
    let ended: Promise<void> | undefined
    const { rproc, processor } = await booted(({ type }, remote) => {
      if (type === 'crashed') ended = remote.shutdown()
    })
    processor.listener.crashed('a reason')
    await ended
    await rproc.boot()
    expect(rproc.state).toBe('running')
  })

  test('does not wait for input that may never come', async () => {
    const rproc = await Remoteproc.init({
      firmware: readFileSync(new URL('../../firmware/images/crash.elf', import.meta.url)),
      machine: emulated({ deterministic: true }),
    })
    await rproc.boot()
    const channel = await rproc.channel('crash')
    await channel.send('hang')
    let type = (_: string): void => {}
    const line = rproc.admit(
      new Promise<string>((resolve) => {
        type = resolve
      }),
    )
    const before = rproc.processor.clock.now()
    await rproc.shutdown({ channel, deadline: 20 })
    expect(rproc.processor.clock.now() - before).toBe(20e6)
    type('too late')
    expect(await line).toBe('too late')
    await rproc.deinit()
  })

  test('is not kept waiting by a suspension, which its remote’s clock would not outlast', async () => {
    const rproc = await Remoteproc.init({
      firmware: readFileSync(new URL('../../firmware/images/crash.elf', import.meta.url)),
      machine: emulated({ deterministic: true }),
    })
    await rproc.boot()
    await (await rproc.channel('crash')).send('hang')
    const shutdown = rproc.shutdown()
    await expect(rproc.suspend()).rejects.toMatchObject({
      code: 'ERR_STATE',
      message: 'suspend: the remote is being shut down',
    })
    await shutdown
    await rproc.deinit()
  })
})

test('a boot that gives the remote its head start ends with the life, however that ends', async () => {
  const rproc = await Remoteproc.init({
    firmware: readFileSync(new URL('../../firmware/images/imx8mp-m7/echo.elf', import.meta.url)),
    machine: emulated({ board: 'imx8mp-m7' }),
  })
  for (const end of ['shutdown', 'crash'] as const) {
    const boot = expect(rproc.boot()).rejects.toMatchObject({
      code: end === 'crash' ? 'ERR_CRASHED' : 'ERR_STOPPED',
    })
    await Promise.resolve()
    if (end === 'crash') await rproc.reportCrash('seen from outside', 'failure')
    await rproc.shutdown({ deadline: 0 })
    await boot
  }
  await rproc.deinit()
})

describe('deinit', () => {
  test('is done when the machine is closed, for everybody who called it', async () => {
    const { rproc, processor } = await booted()
    const close = processor.close.bind(processor)
    let closed = false
    processor.close = async () => {
      await close()
      await new Promise((resolve) => setImmediate(resolve))
      closed = true
    }
    await rproc.shutdown({ deadline: 0 })
    const first = rproc.deinit()
    await rproc.deinit()
    expect(closed).toBe(true)
    await first
    expect(processor.calls.filter((call) => call === 'close')).toHaveLength(1)
  })

  test('closes a machine that fails to stop, and says so', async () => {
    const { rproc, processor } = await booted()
    processor.requestShutdown = () => processor.listener.shutdownAcknowledged()
    processor.stop = async () => {
      throw new Error('it does not stop')
    }
    await expect(rproc.deinit()).rejects.toThrow('it does not stop')
    expect(processor.calls.at(-1)).toBe('close')
    expect(rproc.state).toBe('offline')
  })

  test('leaves nobody waiting', async () => {
    const { rproc, processor } = await booted()
    processor.requestShutdown = () => processor.listener.shutdownAcknowledged()
    const pending = [rproc.channel('x'), rproc.whenAnnounced(), rproc.sleep(10)]
    const ends = Promise.all(pending.map((wait) => expect(wait).rejects.toThrow('was shut down')))
    await rproc.deinit()
    await ends
    expect(processor.clock.next()).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('a crash', () => {
  test('is told with the machine’s reason, whatever the rings look like by then', async () => {
    const { rproc, processor } = await booted()
    const ended = rproc.whenStopped()
    processor.shared.setU16(80 + 2, 1000)
    processor.listener.crashed('illegal instruction')
    await expect(ended).rejects.toThrow('the remote crashed: illegal instruction')
  })

  test('is told once, and what follows it is not told at all', async () => {
    const { rproc, processor, types } = await booted()
    processor.listener.crashed('a reason')
    processor.listener.crashed('another')
    processor.listener.exited()
    processor.listener.kicked(0)
    processor.listener.idle()
    processor.listener.shutdownAcknowledged()
    expect(types).toEqual(['booted', 'crashed'])
    await expect(rproc.boot()).rejects.toThrow('boot: the remote is crashed')
  })
})

test('an observer that throws disturbs neither the others nor the remote', async () => {
  const seen: string[] = []
  const uncaught = await takeUncaught(async () => {
    const { rproc } = await booted(({ type }) => {
      throw new Error(`observer of ${type}`)
    })
    rproc.events.observe(({ type }) => seen.push(type))
    await rproc.shutdown({ deadline: 0 })
    expect(rproc.state).toBe('stopped')
  })
  expect(seen).toEqual(['stopped'])
  expect(uncaught).toMatchObject([
    { message: 'observer of booted' },
    { message: 'observer of stopped' },
  ])
})

test('a remote is told to have booted before it is heard of', async () => {
  const types: string[] = []
  await using rproc = await Remoteproc.init({
    firmware: readFileSync(new URL('../../firmware/images/echo.elf', import.meta.url)),
    machine: emulated({ deterministic: true }),
    observer: ({ type }) => types.push(type),
  })
  await rproc.boot()
  await rproc.whenAnnounced()
  expect(types.slice(0, 2)).toEqual(['loaded', 'booted'])
  expect(types).toContain('announced')
})
