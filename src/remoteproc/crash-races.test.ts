import { describe, expect, test } from 'vitest'
import { firmwareWith } from '../../test/support/firmware.js'
import { PlayedMachine } from '../../test/support/processor.js'
import type { Coredump } from './coredump.js'
import { Remoteproc, type RemoteprocOptions } from './remoteproc.js'

/** A remote that the test plays, and the types of the events so far. */
async function opened(options: Partial<RemoteprocOptions> = {}) {
  const machine = new PlayedMachine()
  const types: string[] = []
  const rproc = await Remoteproc.init({
    firmware: firmwareWith(),
    machine,
    recovery: { delay: 0 },
    observer: ({ type }) => types.push(type),
    ...options,
  })
  return { rproc, processor: machine.processor, types }
}

const nextTask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a remote that crashes and would be recovered', () => {
  test('while a shutdown waits for it stays down', async () => {
    const { rproc, processor, types } = await opened()
    await rproc.boot()
    const shutdown = rproc.shutdown({ deadline: 60_000 })
    processor.listener.crashed('a reason')
    await shutdown
    await nextTask()
    expect(types).toEqual(['loaded', 'booted', 'crashed'])
    expect(rproc.state).toBe('stopped')
    expect(rproc.rpmsg).toEqual([])
    await rproc.boot()
    processor.listener.crashed('the next reason')
    await rproc.whenRunning()
  })

  test('while deinit waits for it stays down, and the machine is closed', async () => {
    const { rproc, processor, types } = await opened()
    await rproc.boot()
    const deinit = rproc.deinit()
    processor.listener.crashed('a reason')
    await deinit
    await nextTask()
    expect(types).toEqual(['loaded', 'booted', 'crashed'])
    expect(processor.calls.at(-1)).toBe('close')
    expect(rproc.state).toBe('offline')
  })

  test('as soon as it was booted stays down for a shutdown that was called before', async () => {
    let crash = false
    const { rproc, processor, types } = await opened()
    rproc.events.observe(({ type }) => {
      if (type === 'booted' && crash) queueMicrotask(() => processor.listener.crashed('at once'))
    })
    await rproc.boot()
    processor.listener.exited()
    crash = true
    const booting = rproc.boot().catch(() => {})
    await rproc.shutdown()
    crash = false
    await booting
    await nextTask()
    expect(rproc.state).toBe('stopped')
    expect(types.slice(-1)).toEqual(['crashed'])
  })
})

describe('deinit', () => {
  test('while an attach is being prepared leaves the remote alone', async () => {
    let prepared = (): void => {}
    const undone: string[] = []
    const { rproc, processor, types } = await opened({
      recovery: 'disabled',
      subdevices: [
        {
          prepare: () =>
            types.includes('detached')
              ? new Promise((resolve) => {
                  prepared = resolve
                })
              : undefined,
          unprepare: () => void undone.push('slow'),
        },
      ],
    })
    await rproc.boot()
    await rproc.detach()
    const attaching = expect(rproc.attach()).rejects.toMatchObject({ code: 'ERR_STATE' })
    const deinit = rproc.deinit()
    prepared()
    await Promise.all([attaching, deinit])
    await nextTask()
    expect(rproc.state).toBe('offline')
    expect(types).not.toContain('attached')
    expect(undone).toHaveLength(2)
    expect(processor.calls.filter((call) => call === 'stop')).toEqual([])
  })
})

test('a remote that crashes faster than its dumps are written fills no memory with them', async () => {
  let finish = (): void => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const written: string[] = []
  const { rproc, processor, types } = await opened({
    coredump: {
      write: async ({ crash }) => {
        await finished
        written.push(crash.reason)
      },
    },
  })
  await rproc.boot()
  for (let life = 1; life <= 4; life++) {
    processor.listener.crashed(`reason ${life}`)
    await rproc.whenRunning()
  }
  expect(types.filter((type) => type === 'note')).toHaveLength(2)
  finish()
  await rproc.shutdown({ deadline: 0 })
  await rproc.deinit()
  expect(written).toEqual(['reason 1', 'reason 2'])
})

test.each(['enabled', 'inline'] as const)(
  'a coredump (%s) whose writing never ends holds neither the next boot nor deinit for ever',
  async (mode) => {
    const notes: string[] = []
    const dumps: Coredump[] = []
    const write = (dump: Coredump): Promise<void> => {
      dumps.push(dump)
      return new Promise(() => {})
    }
    const { rproc, processor } = await opened({ coredump: { mode, write, timeout: 1 } })
    rproc.events.observe((event) => event.type === 'note' && notes.push(event.text))
    await rproc.boot()
    processor.listener.crashed('a reason')
    await rproc.whenRunning()
    await rproc.shutdown({ deadline: 0 })
    await rproc.deinit()
    expect(notes).toEqual(['the coredump could not be written: no end of its writing within 1 ms'])
    // Whoever goes on with it is given a copy, or nothing that is another life's.
    const read = (): number => [...(dumps[0]?.pieces() ?? [])].length
    if (mode === 'enabled') expect(read()).toBeGreaterThan(1)
    else expect(read).toThrow(expect.objectContaining({ code: 'ERR_TIMEOUT' }))
  },
)

test('a coredump that cannot be taken is told of, and the remote comes back', async () => {
  const notes: string[] = []
  const { rproc, processor } = await opened({ coredump: { write: () => {} } })
  rproc.events.observe((event) => event.type === 'note' && notes.push(event.text))
  await rproc.boot()
  Object.defineProperty(processor, 'registers', {
    get: () => {
      throw new RangeError('no memory is left')
    },
  })
  processor.listener.crashed('a reason')
  await rproc.whenRunning()
  expect(notes).toEqual(['no coredump is taken: no memory is left'])
  await rproc.shutdown({ deadline: 0 })
  await rproc.deinit()
})

test.each(['crashed', 'exited'] as const)(
  'a machine that fails to stop a remote which has %s is told of, and can be closed',
  async (how) => {
    const notes: string[] = []
    const { rproc, processor } = await opened({ recovery: 'disabled' })
    rproc.events.observe((event) => event.type === 'note' && notes.push(event.text))
    await rproc.boot()
    const stop = processor.stop.bind(processor)
    processor.stop = async () => {
      throw new Error('it does not stop')
    }
    processor.listener[how]('a reason')
    await nextTask()
    expect(notes).toEqual(['the remote could not be put into reset: it does not stop'])
    processor.stop = stop
    await rproc.deinit()
    expect(processor.calls.at(-1)).toBe('close')
  },
)
