import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { type Channel, Remoteproc, type RemoteprocEvent } from '../../dist/index.js'
import { type EmulatedOptions, emulated } from '../../dist/machines/index.js'
import { file } from '../../dist/node.js'
import { image } from './command.js'
import { machines, PATIENT } from './machines.js'

const DEMO = 'rpmsg-openamp-demo-channel'

async function withRemote(
  name: string,
  options: EmulatedOptions,
  use: (rproc: Remoteproc) => Promise<void>,
): Promise<readonly RemoteprocEvent[]> {
  const log: RemoteprocEvent[] = []
  const rproc = await Remoteproc.init({
    firmware: file(image(name)),
    machine: emulated(options),
    observer: (event) => log.push(event),
  })
  try {
    await use(rproc)
  } finally {
    await rproc.deinit()
  }
  return log
}

async function echo(channel: Channel, text: string): Promise<string> {
  await channel.send(text)
  return (await channel.receive()).text()
}

describe.each(machines)('a remote, %s,', (_, options) => {
  test('is booted, spoken to, shut down by message, and booted again', async () => {
    const log = await withRemote('echo', options, async (rproc) => {
      for (const life of ['first', 'second', 'third']) {
        await rproc.boot()
        expect(rproc.state).toBe('running')
        const channel = await rproc.channel(DEMO)
        expect(await echo(channel, life)).toBe(life)
        await rproc.shutdown({ channel, ...PATIENT })
        expect(rproc.state).toBe('stopped')
        // Destroyed by the remote, or gone with it, whichever came first.
        await expect(channel.send('too late')).rejects.toMatchObject({
          code: expect.stringMatching(/^ERR_(STOPPED|CLOSED)$/),
        })
      }
    })
    const kinds = log.filter(({ type }) => type === 'booted' || type === 'stopped')
    expect(kinds).toHaveLength(6)
    expect(kinds).toContainEqual(
      expect.objectContaining({ type: 'stopped', reason: 'acknowledged' }),
    )
    expect(kinds).not.toContainEqual(expect.objectContaining({ reason: 'reset' }))
  })

  test('comes back after a crash', async () => {
    await withRemote('crash', options, async (rproc) => {
      await rproc.boot()
      const channel = await rproc.channel('crash')
      const pending = channel.receive()
      await channel.send('illegal')
      await expect(pending).rejects.toMatchObject({ code: 'ERR_CRASHED' })
      expect(rproc.state).toBe('crashed')
      await expect(rproc.channel('crash')).rejects.toMatchObject({ code: 'ERR_CRASHED' })
      await expect(rproc.boot()).rejects.toMatchObject({ code: 'ERR_STATE' })
      await rproc.shutdown()
      await rproc.boot()
      expect(await echo(await rproc.channel('crash'), 'back')).toBe('back')
    })
  })

  test('comes back after a reset that left a request to shut down in the mailbox', async () => {
    await withRemote('echo', options, async (rproc) => {
      await rproc.boot()
      await rproc.channel(DEMO)
      rproc.processor.requestShutdown()
      await rproc.shutdown({ deadline: 0 })
      await rproc.boot()
      const channel = await rproc.channel(DEMO)
      expect(await echo(channel, 'back')).toBe('back')
      // The request was to the first life; the second must not hear it.
      await rproc.sleep(2)
      expect(await echo(channel, 'still here')).toBe('still here')
    })
  })

  test('that sleeps for ever ends the wait for a channel', async () => {
    await withRemote('silent', options, async (rproc) => {
      await rproc.boot()
      await expect(rproc.channel('never')).rejects.toMatchObject({ code: 'ERR_IDLE' })
    })
  })

  test('destroys its channel as it is shut down, and who waits is told', async () => {
    await withRemote('ticker', options, async (rproc) => {
      await rproc.boot()
      const channel = await rproc.channel('ticker')
      const pending = expect(channel.receive()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
      await rproc.shutdown(PATIENT)
      await pending
    })
  })

  test('takes deadlines and signals', async () => {
    await withRemote('ticker', options, async (rproc) => {
      await rproc.boot()
      await expect(rproc.channel('other', { timeout: 5 })).rejects.toMatchObject({
        code: 'ERR_TIMEOUT',
      })
      const aborter = new AbortController()
      const waiting = rproc.channel('other', { signal: aborter.signal })
      aborter.abort()
      await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED' })
      await rproc.channel('ticker')
    })
  })

  test('destroys and announces a channel while others go on', async () => {
    await withRemote('multi-endpoint', options, async (rproc) => {
      await rproc.boot()
      const control = await rproc.channel('control')
      const sensor = await rproc.channel('sensor')
      const ended = (async () => {
        for await (const _ of sensor) {
          // what it measures is of no interest here
        }
        return 'ended'
      })()
      await control.send('drop sensor')
      expect(await ended).toBe('ended')
      await control.send('announce sensor')
      const again = await rproc.channel('sensor')
      expect(again.endpoint.destination).not.toBe(sensor.endpoint.destination)
      await expect(sensor.send('x')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    })
  })
})

describe('two remotes in one process', () => {
  test('one crashes, the other goes on', async () => {
    await withRemote('crash', {}, async (bad) => {
      await withRemote('echo', {}, async (good) => {
        await bad.boot()
        await good.boot()
        const channel = await good.channel(DEMO)
        await (await bad.channel('crash')).send('illegal')
        await bad.whenStopped().catch((error) => expect(error.code).toBe('ERR_CRASHED'))
        expect(await echo(channel, 'still here')).toBe('still here')
        expect(bad.state).toBe('crashed')
      })
    })
  })
})

describe('the deterministic mode', () => {
  async function conversation(): Promise<string> {
    const said: string[] = []
    const log = await withRemote('ticker', { deterministic: true }, async (rproc) => {
      await rproc.boot()
      const channel = await rproc.channel('ticker', { timeout: 10_000 })
      for (let i = 0; i < 5; i++) {
        await channel.send(`message ${i}`)
        for (let k = 0; k < 2; k++) {
          const { data } = await channel.receive()
          said.push(`${rproc.processor.clock.now()} ${Array.from(data)}`)
        }
        await rproc.sleep(3.5)
      }
    })
    return JSON.stringify([log, said])
  }

  test('gives the same log for the same conversation, byte for byte', async () => {
    const first = await conversation()
    for (let i = 0; i < 4; i++) expect(await conversation()).toBe(first)
    expect(first).toContain('announced')
  })

  test('stands still while outside input is awaited', async () => {
    await withRemote('ticker', { deterministic: true }, async (rproc) => {
      await rproc.boot()
      await rproc.channel('ticker')
      const before = rproc.processor.clock.now()
      let turns = 0
      const slow = (async () => {
        while (turns++ < 50) await new Promise(setImmediate)
      })()
      await rproc.admit(slow)
      expect(rproc.processor.clock.now()).toBe(before)
    })
  })
})

test('a hundred boots leave nothing behind', async () => {
  const script = fileURLToPath(new URL('./hundred-boots.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script])
  const { at20, at100 } = JSON.parse(stdout)
  expect(at100.handles).toEqual(at20.handles)
  expect(at100.heap - at20.heap).toBeLessThan(1 << 20)
  expect(at100.buffers - at20.buffers).toBeLessThan(1 << 20)
})
