import { describe, expect, test } from 'vitest'
import { firmwareWith } from '../../test/support/firmware.js'
import { PlayedKernel } from '../../test/support/kernel.js'
import { OpenampError } from '../base/errors.js'
import type { RemoteprocEvent } from './events.js'
import { Remoteproc, type RemoteprocOptions } from './remoteproc.js'

async function boot(
  options: Partial<RemoteprocOptions> = {},
): Promise<{ kernel: PlayedKernel; rproc: Remoteproc; events: string[] }> {
  const kernel = new PlayedKernel()
  const events: string[] = []
  const observer = (event: RemoteprocEvent): void => {
    events.push(event.type === 'note' ? `note: ${event.text}` : event.type)
  }
  const firmware = firmwareWith()
  const rproc = await Remoteproc.init({ firmware, machine: kernel, observer, ...options })
  await rproc.boot()
  return { kernel, rproc, events }
}

test('the kernel is asked to lay down the image, and then to start, with the policies before', async () => {
  const { kernel, rproc } = await boot()
  expect(kernel.calls).toEqual(['recovery false, coredump disabled', 'place firmware', 'start'])
  await rproc.deinit()
  expect(kernel.calls.slice(3)).toEqual(['stop', 'close'])
})

test('a start that the kernel refuses is an error, and the remote stays ready', async () => {
  const kernel = new PlayedKernel()
  const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine: kernel })
  kernel.refusal = new OpenampError('ERR_IMAGE', 'not that')
  await expect(rproc.boot()).rejects.toMatchObject({ code: 'ERR_IMAGE' })
  expect(rproc.state).toBe('ready')
})

test('a remote that somebody else has started is not started again, for that would be counted', async () => {
  const kernel = new PlayedKernel()
  const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine: kernel })
  kernel.state = 'running'
  await expect(rproc.boot()).rejects.toMatchObject({ code: 'ERR_STATE' })
  expect(kernel.calls).not.toContain('start')
  expect(rproc.state).toBe('detached')
})

test('one that runs when it is opened is joined by attach, and shut down like any other', async () => {
  const kernel = new PlayedKernel()
  kernel.becomes('running', { life: kernel.another() })
  kernel.power = 1
  const rproc = await Remoteproc.init({ machine: kernel })
  expect(rproc.state).toBe('detached')
  await rproc.attach()
  expect([rproc.state, kernel.calls.includes('start')]).toEqual(['running', false])
  await rproc.shutdown()
  expect([rproc.state, kernel.state]).toEqual(['stopped', 'offline'])
})

test('a stop that leaves it running, because others have started it too, is said', async () => {
  const { kernel, rproc, events } = await boot()
  kernel.power = 2
  await rproc.shutdown()
  expect(rproc.state).toBe('detached')
  expect(events.at(-1)).toMatch(/others have started it as well/)
})

test('a crash that the kernel recovers is one, also where its state was never seen', async () => {
  const { kernel, rproc, events } = await boot({ recovery: 'enabled' })
  const waiting = rproc.whenStopped()
  kernel.becomes('running', { life: kernel.another() })
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_CRASHED' })
  await rproc.whenRunning()
  expect(events.slice(2)).toEqual(['crashed', 'recovering', 'booted'])
})

test('a recovery in the middle of a look at the remote is not overlooked', async () => {
  const { kernel, rproc, events } = await boot({ recovery: 'enabled' })
  const lives = [kernel.life, kernel.another()]
  Object.defineProperty(kernel, 'life', {
    get: () => (lives.length > 1 ? lives.shift() : lives[0]),
  })
  kernel.changed()
  kernel.changed()
  await rproc.whenRunning()
  expect(events.slice(2)).toEqual(['crashed', 'recovering', 'booted'])
})

test('a crash without recovery stays one until it is shut down', async () => {
  const { kernel, rproc } = await boot()
  kernel.becomes('crashed')
  expect(rproc.state).toBe('crashed')
  await expect(rproc.whenRunning()).rejects.toMatchObject({ code: 'ERR_CRASHED' })
  await rproc.shutdown()
  expect([rproc.state, kernel.calls.at(-1)]).toEqual(['stopped', 'stop'])
})

test('a coredump tells of a crash whose state was over before it could be seen', async () => {
  const write = (): void => {}
  const coredump = { mode: 'inline', write } as const
  const { kernel, rproc, events } = await boot({ recovery: 'enabled', coredump })
  const release = async (): Promise<void> => {
    kernel.becomes('running', { life: kernel.another() })
  }
  kernel.keeps.push({ name: 'devcd1', bytes: Uint8Array.of(1, 2, 3), release })
  const waiting = rproc.whenStopped()
  // RPROC_OFFLINE between rproc_stop() and rproc_start() of a recovery.
  kernel.life = undefined
  kernel.becomes('offline')
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_CRASHED' })
  await rproc.whenRunning()
  expect(events.slice(2)).toEqual(['crashed', 'recovering', 'coredump', 'booted'])
})

test('a coredump that is found only in the next life is no crash of that', async () => {
  const coredump = { write: (): void => {} }
  const { kernel, rproc, events } = await boot({ recovery: 'enabled', coredump })
  let read = (): void => {}
  kernel.reading = new Promise((resolve) => {
    read = resolve
  })
  kernel.keeps.push({ name: 'devcd1', bytes: Uint8Array.of(1), release: async () => {} })
  kernel.becomes('crashed')
  // Its devices are not there yet, as where the kernel loads drivers for them.
  kernel.life = undefined
  kernel.becomes('running')
  await rproc.whenRunning()
  read()
  await rproc.deinit()
  expect(events.slice(2)).toEqual(['crashed', 'recovering', 'booted', 'stopped', 'coredump'])
})

test("a crash that the program reports is the kernel's to act on", async () => {
  const { kernel, rproc } = await boot()
  await rproc.reportCrash('it is too warm')
  expect(kernel.calls.at(-1)).toBe('crash')
  await rproc.shutdown()
  await expect(rproc.reportCrash('late')).rejects.toMatchObject({ code: 'ERR_STOPPED' })
})

test('that others stop it is no crash', async () => {
  const { kernel, rproc, events } = await boot({ recovery: 'enabled' })
  const waiting = rproc.whenStopped()
  kernel.becomes('offline', { life: undefined, asked: true })
  await waiting
  expect([rproc.state, events.at(-1)]).toEqual(['stopped', 'stopped'])
})

test('that others start it anew leaves it to be attached to', async () => {
  const { kernel, rproc } = await boot()
  kernel.becomes('running', { life: kernel.another(), asked: true })
  expect(rproc.state).toBe('detached')
  await rproc.attach()
  expect(rproc.state).toBe('running')
})

test('one that is gone, and for which nobody has asked, is given time to come back', async () => {
  const { kernel, rproc, events } = await boot({ recovery: 'enabled' })
  kernel.state = 'offline'
  kernel.life = undefined
  kernel.changed()
  expect(rproc.state).toBe('running')
  kernel.clock.advanceTo(kernel.clock.now() + 3e9)
  expect([rproc.state, events.at(-1)]).toEqual(['stopped', 'stopped'])
})

test("what is the kernel's business is said to have no effect", async () => {
  const { events } = await boot({ devmem: [], buffers: {} })
  expect(events.filter((text) => text.startsWith('note'))).toEqual([
    'note: buffers, devmem: the kernel decides, so this has no effect',
  ])
})

describe('bounds of a recovery', () => {
  const bounds = { delay: 100, attempts: 2 }
  /** Everything that waits for nothing but promises has run its course. */
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  test('are kept: the kernel is to leave it crashed, and is told when to boot it again', async () => {
    const { kernel, rproc, events } = await boot({ recovery: bounds })
    expect(kernel.calls[0]).toBe('recovery false, coredump disabled')
    kernel.becomes('crashed')
    await rproc.whenRunning()
    expect(events.slice(2)).toEqual(['crashed', 'recovering', 'booted'])
    kernel.becomes('crashed')
    await settled()
    expect([rproc.state, kernel.calls.filter((call) => call === 'recover').length]).toEqual([
      'crashed',
      1,
    ])
    kernel.clock.advanceTo(kernel.clock.now() + 101e6)
    await rproc.whenRunning()
    expect(events.slice(5)).toEqual(['crashed', 'recovering', 'booted'])
  })

  test('end it: after so many attempts it stays crashed', async () => {
    const { kernel, rproc, events } = await boot({ recovery: { delay: 0, attempts: 1 } })
    kernel.becomes('crashed')
    await rproc.whenRunning()
    kernel.becomes('crashed')
    await expect(rproc.whenRunning()).rejects.toMatchObject({ code: 'ERR_CRASHED' })
    await settled()
    expect([rproc.state, kernel.state, events.at(-1)]).toEqual(['crashed', 'crashed', 'crashed'])
  })

  test('that are no numbers are refused as they are elsewhere', async () => {
    await expect(boot({ recovery: { factor: 0 } })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })

  test('a shutdown during the delay calls it off', async () => {
    const { kernel, rproc, events } = await boot({ recovery: bounds })
    kernel.becomes('crashed')
    await rproc.whenRunning()
    kernel.becomes('crashed')
    await settled()
    await rproc.shutdown()
    kernel.clock.advanceTo(kernel.clock.now() + 1e9)
    await settled()
    expect([rproc.state, kernel.state, kernel.calls.at(-1)]).toEqual(['stopped', 'offline', 'stop'])
    expect(events.slice(5)).toEqual(['crashed', 'recovering', 'stopped'])
  })

  test('others who boot it again during the delay are not kept from it', async () => {
    const { kernel, rproc, events } = await boot({ recovery: bounds })
    kernel.becomes('crashed')
    await rproc.whenRunning()
    kernel.becomes('crashed')
    await settled()
    kernel.becomes('running', { life: kernel.another() })
    await rproc.whenRunning()
    kernel.clock.advanceTo(kernel.clock.now() + 1e9)
    await settled()
    expect(kernel.calls.filter((call) => call === 'recover')).toHaveLength(1)
    expect(events.at(-1)).toBe('booted')
  })

  test('others who stop it during the delay have stopped it', async () => {
    const { kernel, rproc, events } = await boot({ recovery: { delay: 10_000 } })
    kernel.becomes('crashed')
    await rproc.whenRunning()
    kernel.becomes('crashed')
    await settled()
    const waiting = rproc.whenRunning()
    kernel.becomes('offline', { life: undefined, asked: true })
    kernel.clock.advanceTo(kernel.clock.now() + 3e9)
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    expect([rproc.state, events.at(-1)]).toEqual(['stopped', 'stopped'])
  })

  test('one that the kernel cannot boot again has failed', async () => {
    const { kernel, rproc, events } = await boot({ recovery: bounds })
    kernel.refusal = new OpenampError('ERR_IMAGE', 'the file is gone')
    kernel.becomes('crashed')
    await expect(rproc.whenRunning()).rejects.toMatchObject({ code: 'ERR_CRASHED' })
    expect([rproc.state, events.at(-1)]).toEqual(['stopped', 'recovery failed'])
    kernel.refusal = undefined
    await rproc.boot()
    expect(rproc.state).toBe('running')
  })
})

test.each([
  [
    'enabled',
    'is let go of as it is read, for the next one would be lost',
    ['released', 'written'],
  ],
  ['inline', 'is written before the kernel goes on', ['written', 'released']],
] as const)("a dump of the kernel's in mode %s %s", async (mode, _, order) => {
  const steps: string[] = []
  const write = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve))
    steps.push('written')
  }
  const { kernel, rproc } = await boot({ coredump: { mode, write } })
  const released = new Promise<void>((resolve) => {
    const release = async (): Promise<void> => {
      steps.push('released')
      resolve()
    }
    kernel.keeps.push({ name: 'devcd1', bytes: new Uint8Array(8), release })
  })
  kernel.becomes('crashed')
  await released
  await rproc.deinit()
  expect(steps).toEqual(order)
})

test.each([
  ['processor', (rproc: Remoteproc) => rproc.processor],
  ['suspend', (rproc: Remoteproc) => rproc.suspend()],
  ['handOver', (rproc: Remoteproc) => rproc.handOver()],
])('%s needs the memory, which the kernel keeps', async (_, use) => {
  const { rproc } = await boot()
  await expect((async () => use(rproc))()).rejects.toMatchObject({ code: 'ERR_USAGE' })
})
