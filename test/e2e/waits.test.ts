import { describe, expect, test } from 'vitest'
import { type Channel, Remoteproc } from '../../dist/index.js'
import { emulated } from '../../dist/machines/index.js'
import { file } from '../../dist/node.js'
import { resourceInit } from '../../dist/remote.js'
import { inProcess, inProcessFirmware, inProcessTable } from '../../dist/testing.js'
import { image } from './command.js'
import { machines } from './machines.js'

/** What a test does to a remote that has announced `deaf` and takes no messages. */
interface Deaf {
  readonly rproc: Remoteproc
  readonly channel: Channel
  crash(): void
  /** Destroys the channel. */
  hangUp(): void
  /** Takes all messages that are there. */
  hear(): void
}

/** A remote that has all buffers of the host's, so that whoever sends has to wait. */
async function withDeaf(use: (deaf: Deaf) => Promise<void>): Promise<void> {
  const ends = { crash: (): void => {}, hangUp: (): void => {}, hear: (): void => {} }
  const machine = inProcess(async (place) => {
    const remote = resourceInit({ ...place, tableAddress: inProcessTable })
    place.onKick = () => remote.kicked()
    const there = (await remote.whenReady()).announce('deaf')
    place.onKick = () => {}
    ends.hangUp = () => there.close()
    ends.hear = () => remote.kicked()
    await new Promise((_, reject) => {
      ends.crash = () => reject(new Error('as commanded'))
    })
  })
  await using rproc = await Remoteproc.init({ firmware: inProcessFirmware(), machine })
  await rproc.boot()
  const channel = await rproc.channel('deaf')
  while (channel.trySend('unheard')) {
    // until no buffer is left
  }
  await use({ rproc, channel, ...ends, crash: () => ends.crash(), hangUp: () => ends.hangUp() })
}

describe('who waits to send', () => {
  test('has sent once the remote has taken a message', () =>
    withDeaf(async ({ channel, hear }) => {
      const sent = channel.send('at last')
      hear()
      await sent
    }))

  test.each([
    ['crashes', 'ERR_CRASHED', ({ crash }: Deaf) => crash()],
    ['destroys the channel', 'ERR_CLOSED', ({ hangUp }: Deaf) => hangUp()],
    ['is shut down', 'ERR_STOPPED', ({ rproc }: Deaf) => rproc.shutdown({ deadline: 0 })],
    ['is freed', 'ERR_STOPPED', ({ rproc }: Deaf) => rproc.deinit()],
  ])('is told when the remote %s', async (_, code, end) => {
    await withDeaf(async (deaf) => {
      const all = Promise.allSettled([1, 2, 3].map((i) => deaf.channel.send(`${i}`)))
      await end(deaf)
      for (const one of await all)
        expect(one).toMatchObject({ status: 'rejected', reason: { code } })
    })
  })

  test('is told when the channel is closed here', () =>
    withDeaf(async ({ channel }) => {
      const sending = expect(channel.send('x')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
      channel.close()
      await sending
    }))

  test('gives up at its deadline, or when it is told to; the next one sends', () =>
    withDeaf(async ({ channel, hear }) => {
      await expect(channel.send('x', { timeout: 1 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
      const aborter = new AbortController()
      const aborted = channel.send('x', { signal: aborter.signal })
      const next = channel.send('y')
      aborter.abort()
      await expect(aborted).rejects.toMatchObject({ code: 'ERR_ABORTED' })
      hear()
      await next
    }))
})

const DEMO = 'rpmsg-openamp-demo-channel'

describe.each(machines)('who waits for a message of a remote, %s,', (_, options) => {
  async function withEcho(use: (rproc: Remoteproc, channel: Channel) => Promise<void>) {
    const firmware = file(image('echo'))
    await using rproc = await Remoteproc.init({ firmware, machine: emulated(options) })
    await rproc.boot()
    await use(rproc, await rproc.channel(DEMO))
  }

  test('gives up at its deadline, or when told to, and takes no message with it', () =>
    withEcho(async (rproc, channel) => {
      // Somebody who may wake the remote yet, or the machine would be called idle.
      const ticking = rproc.sleep(1000).catch(() => {})
      await expect(channel.receive({ timeout: 2 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
      const aborter = new AbortController()
      const aborted = channel.receive({ signal: aborter.signal })
      aborter.abort()
      await expect(aborted).rejects.toMatchObject({ code: 'ERR_ABORTED' })
      await channel.send('after')
      expect((await channel.receive()).text()).toBe('after')
      await rproc.shutdown()
      await ticking
    }))

  test('is refused beside another reader', () =>
    withEcho(async (rproc, channel) => {
      const ticking = rproc.sleep(1000).catch(() => {})
      const first = channel.receive()
      await expect(channel.receive()).rejects.toMatchObject({ code: 'ERR_STATE' })
      await channel.send('for the first')
      expect((await first).text()).toBe('for the first')
      await rproc.shutdown()
      await ticking
    }))

  test('is told when the remote is shut down', () =>
    withEcho(async (rproc, channel) => {
      const receiving = channel.receive()
      const told = expect(receiving).rejects.toMatchObject({ code: 'ERR_STOPPED' })
      await rproc.shutdown({ deadline: 0 })
      await told
      await expect(channel.receive()).rejects.toMatchObject({ code: 'ERR_STOPPED' })
      await expect(rproc.channel(DEMO)).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    }))

  test('has a state to be in: nothing is booted twice, and nothing done after the end', () =>
    withEcho(async (rproc) => {
      await expect(rproc.boot()).rejects.toMatchObject({ code: 'ERR_STATE' })
      await Promise.all([rproc.deinit(), rproc.deinit(), rproc.shutdown()])
      expect(rproc.state).toBe('offline')
      for (const call of [
        () => rproc.boot(),
        () => rproc.channel(DEMO),
        () => rproc.sleep(1),
        () => rproc.whenStopped(),
        () => rproc.shutdown(),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'ERR_STATE' })
      }
      await rproc.deinit()
    }))

  test('can leave the iteration, and come back to it', () =>
    withEcho(async (_, channel) => {
      const read = async (): Promise<string> => {
        for await (const message of channel) return message.text()
        return 'the end'
      }
      await channel.send('one')
      expect(await read()).toBe('one')
      await channel.send('two')
      expect(await read()).toBe('two')
      channel.close()
      expect(await read()).toBe('the end')
    }))
})

describe('a remote that is idle for ever', () => {
  test('ends the wait for a message in the deterministic mode, where nobody else can speak', async () => {
    const firmware = file(image('echo'))
    const machine = emulated({ deterministic: true })
    await using rproc = await Remoteproc.init({ firmware, machine })
    await rproc.boot()
    const channel = await rproc.channel(DEMO)
    await expect(channel.receive()).rejects.toMatchObject({ code: 'ERR_IDLE' })
    await channel.send('still there')
    expect((await channel.receive()).text()).toBe('still there')
  })
})
