import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { emulated } from '../machines/index.js'
import type { PersistentChannel } from './persistent-channel.js'
import type { RecoveryPolicy } from './recovery.js'
import { Remoteproc } from './remoteproc.js'

const firmware = readFileSync(new URL('../../firmware/images/crash.elf', import.meta.url))

async function withChannel(
  recovery: RecoveryPolicy,
  body: (channel: PersistentChannel, rproc: Remoteproc) => Promise<void>,
): Promise<void> {
  const machine = emulated({ deterministic: true, ramSize: 0x10_0000 })
  const rproc = await Remoteproc.init({ firmware, machine, recovery })
  try {
    await rproc.boot()
    await body(await rproc.channel('crash', { persist: true }), rproc)
  } finally {
    await rproc.deinit()
  }
}

/** Crashes the remote, and resolves when the channel has noticed. */
async function crashed(channel: PersistentChannel): Promise<void> {
  await channel.send('illegal')
  while (!channel.away) await new Promise((resolve) => setImmediate(resolve))
}

describe('a channel that persists', () => {
  test('goes on after each recovery, under the same handle', async () => {
    await withChannel('enabled', async (channel) => {
      const heard: string[] = []
      const reading = (async () => {
        for await (const message of channel) {
          heard.push(message.text())
          if (heard.length === 6) return
        }
      })()
      for (let life = 1; life <= 3; life++) {
        await channel.send(`one of life ${life}`)
        await channel.send(`two of life ${life}`)
        while (heard.length < 2 * life) await new Promise((resolve) => setImmediate(resolve))
        if (life < 3) await crashed(channel)
      }
      await reading
      expect(heard).toEqual(
        [1, 2, 3].flatMap((life) => [`one of life ${life}`, `two of life ${life}`]),
      )
    })
  })

  test('lets sends wait for the next life, and try sends fail', async () => {
    await withChannel('enabled', async (channel) => {
      await crashed(channel)
      expect(channel.trySend('now')).toBe(false)
      expect(channel.closed).toBe(false)
      await channel.send('when you are back')
      expect((await channel.receive()).text()).toBe('when you are back')
    })
  })

  test('bounds such a wait by the operation’s own deadline and signal', async () => {
    await withChannel({ delay: 1000 }, async (channel, rproc) => {
      await crashed(channel)
      await channel.whenBack()
      const late = new Promise<unknown>((resolve) => {
        rproc.events.observe(({ type }) => {
          if (type !== 'recovering') return
          const aborted = { signal: AbortSignal.abort() }
          const waits = [channel.receive({ timeout: 10 }), channel.send('x', aborted)]
          resolve(Promise.allSettled<unknown>(waits))
        })
      })
      await crashed(channel)
      expect(await late).toMatchObject([
        { reason: { code: 'ERR_TIMEOUT' } },
        { reason: { code: 'ERR_ABORTED' } },
      ])
    })
  })

  test('keeps its callback', async () => {
    await withChannel('enabled', async (channel, rproc) => {
      const heard: string[] = []
      channel.onMessage((message) => heard.push(message.text()))
      await crashed(channel)
      await channel.send('again')
      await rproc.sleep(10)
      expect(heard).toEqual(['again'])
    })
  })

  test('delivers what had come before the crash first', async () => {
    await withChannel('enabled', async (channel, rproc) => {
      await channel.send('before')
      await rproc.sleep(10)
      await channel.send('illegal')
      await rproc.sleep(10).catch(() => {})
      await channel.whenBack()
      await channel.send('after')
      expect((await channel.receive()).text()).toBe('before')
      expect((await channel.receive()).text()).toBe('after')
    })
  })

  test('comes back after a detach and an attach', async () => {
    await withChannel('disabled', async (channel, rproc) => {
      await rproc.detach()
      const answer = channel.receive()
      const sent = channel.send('are you there?')
      await rproc.attach()
      await sent
      expect((await answer).text()).toBe('are you there?')
    })
  })

  test('ends with the crash where nobody recovers the remote', async () => {
    await withChannel('disabled', async (channel) => {
      await channel.send('illegal')
      await expect(channel.receive()).rejects.toMatchObject({ code: 'ERR_CRASHED' })
      await expect(channel.send('x')).rejects.toMatchObject({ code: 'ERR_CRASHED' })
      expect(channel.closed).toBe(true)
    })
  })

  test('ends with a shutdown, also with one that calls off the recovery', async () => {
    await withChannel('enabled', async (channel, rproc) => {
      const reading = channel.receive()
      const ended = expect(reading).rejects.toMatchObject({ code: 'ERR_STOPPED' })
      await crashed(channel)
      await rproc.shutdown()
      await ended
      await expect(channel.send('x')).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    })
  })

  test('that is closed ends its iteration, and does not come back', async () => {
    await withChannel('enabled', async (channel, rproc) => {
      const reading = (async () => {
        for await (const _ of channel);
      })()
      await crashed(channel)
      channel.close()
      await reading
      await rproc.whenRunning()
      const other = await rproc.channel('crash')
      await other.send('mine')
      expect((await other.receive()).text()).toBe('mine')
      await expect(channel.receive()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    })
  })

  test('ends where somebody else has taken its name, though the boot is not done yet', async () => {
    let started = (): void => {}
    let lives = 0
    const rproc = await Remoteproc.init({
      firmware,
      machine: emulated({ ramSize: 0x10_0000 }),
      recovery: 'enabled',
      subdevices: [
        {
          start: () =>
            ++lives === 1
              ? undefined
              : new Promise<void>((resolve) => {
                  started = resolve
                }),
        },
      ],
    })
    rproc.events.observe(({ type }) => {
      if (type === 'booted' && lives === 1) void rproc.channel('crash')
    })
    await rproc.boot()
    const channel = await rproc.channel('crash', { persist: true })
    await channel.send('illegal')
    await expect(channel.receive()).rejects.toMatchObject({ code: 'ERR_IDLE' })
    started()
    await rproc.deinit()
  })
})
