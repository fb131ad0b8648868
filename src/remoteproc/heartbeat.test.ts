import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Clock } from '../base/clock.js'
import { inProcess, inProcessFirmware, inProcessTable } from '../machines/in-process.js'
import { type EmulatedOptions, emulated } from '../machines/index.js'
import type { Crash } from './crash.js'
import { startHeartbeat } from './heartbeat.js'
import { answerHeartbeat } from './heartbeat-remote.js'
import { resourceInit } from './remote.js'
import { Remoteproc, type RemoteprocOptions } from './remoteproc.js'

const firmware = readFileSync(new URL('../../firmware/images/watched.elf', import.meta.url))

async function withWatched(
  options: Partial<RemoteprocOptions> & { readonly machineOptions?: EmulatedOptions },
  body: (rproc: Remoteproc, crash: Promise<Crash>) => Promise<void>,
): Promise<void> {
  const { machineOptions = {}, ...rest } = options
  let crashed = (_: Crash): void => {}
  const crash = new Promise<Crash>((resolve) => {
    crashed = resolve
  })
  const rproc = await Remoteproc.init({
    firmware,
    machine: emulated({ deterministic: true, ramSize: 0x10_0000, ...machineOptions }),
    observer: (event) => event.type === 'crashed' && crashed(event.crash),
    ...rest,
  })
  try {
    await rproc.boot()
    await body(rproc, crash)
  } finally {
    await rproc.shutdown({ deadline: 0 })
    await rproc.deinit()
  }
}

async function tell(rproc: Remoteproc, what: string): Promise<void> {
  await (await rproc.channel('watched')).send(what)
}

describe('a heartbeat', () => {
  test('sees that a remote hangs, within two periods', async () => {
    await withWatched({ heartbeat: { within: 20 } }, async (rproc, crash) => {
      await rproc.sleep(100)
      expect(rproc.state).toBe('running')
      const before = rproc.processor.clock.now()
      await tell(rproc, 'hang')
      const { reason, kind, place } = await crash
      expect(kind).toBe('heartbeat')
      expect(reason).toContain('no answer on openamp-heartbeat within 20 ms')
      expect(place?.name).toBe('spin')
      const passed = (rproc.processor.clock.now() - before) / 1e6
      expect(passed).toBeGreaterThanOrEqual(20)
      expect(passed).toBeLessThanOrEqual(41)
    })
  })

  test('is no reason for an idle remote of the deterministic mode to wake', async () => {
    await withWatched({ heartbeat: { within: 20 } }, async (rproc) => {
      const channel = await rproc.channel('watched')
      await expect(channel.receive()).rejects.toMatchObject({ code: 'ERR_IDLE' })
      expect(rproc.state).toBe('running')
    })
  })

  test('sees that a remote is deaf, paced', async () => {
    const machineOptions = { deterministic: false }
    await withWatched({ heartbeat: { within: 20 }, machineOptions }, async (rproc, crash) => {
      const channel = await rproc.channel('watched')
      for (let i = 0; i < 5; i++) {
        await rproc.sleep(20)
        await channel.send('well?')
        expect((await channel.receive()).text()).toBe('well?')
      }
      await channel.send('doze')
      expect((await crash).kind).toBe('heartbeat')
    })
  })

  test('may be any progress that the host can see', async () => {
    let steps = 0
    const heartbeat = { within: 10, progress: () => steps }
    await withWatched({ heartbeat }, async (rproc, crash) => {
      for (; steps < 10; steps++) await rproc.sleep(9)
      expect(rproc.state).toBe('running')
      await rproc.sleep(30).catch(() => {})
      expect((await crash).reason).toContain('no progress within 10 ms')
    })
  })

  test('blames nobody for what the host has missed while it was held up itself', () => {
    let now = 0
    let due = (): void => {}
    const clock: Clock = {
      now: () => now,
      after: (_, __, callback) => {
        due = callback
        return () => {}
      },
    }
    const reasons: string[] = []
    const heartbeat = { within: 20, progress: () => 'none' }
    startHeartbeat(heartbeat, { clock }, [], (reason) => reasons.push(reason))
    now = 31e6
    due()
    expect(reasons).toEqual([])
    now += 20e6
    due()
    expect(reasons).toEqual(['heartbeat: no progress within 20 ms'])
  })

  test('brings the remote back, where it is recovered', async () => {
    await withWatched({ heartbeat: { within: 20 }, recovery: 'enabled' }, async (rproc) => {
      const channel = await rproc.channel('watched', { persist: true })
      for (let life = 0; life < 3; life++) {
        await channel.send('hang')
        await expect(rproc.sleep(100)).rejects.toMatchObject({ code: 'ERR_CRASHED' })
        await channel.send('back?')
        expect((await channel.receive()).text()).toBe('back?')
      }
    })
  })

  test('is answered by remotes in TypeScript, too', async () => {
    const answered = { beats: 0, deaf: false }
    const machine = inProcess(async (remote) => {
      const { space, clock, reset } = remote
      const kick = (notifyId: number): void => remote.kick(notifyId)
      const link = resourceInit({ space, clock, kick, reset, tableAddress: inProcessTable })
      remote.onKick = () => {
        if (answered.deaf) return
        answered.beats++
        link.kicked()
      }
      answerHeartbeat(await link.whenReady())
    })
    const options = { machine, firmware: inProcessFirmware(), heartbeat: { within: 200 } }
    await withWatched(options, async (rproc, crash) => {
      while (answered.beats < 5) await rproc.sleep(5)
      expect(rproc.state).toBe('running')
      answered.deaf = true
      expect((await crash).kind).toBe('heartbeat')
    })
  })
})

describe('a watchdog of the machine', () => {
  test.each([[{ deterministic: true }], [{ deterministic: false }]])(
    'sees that a remote has not slept for so long, %o',
    async (mode) => {
      await withWatched({ machineOptions: { ...mode, watchdog: 5 } }, async (rproc, crash) => {
        const channel = await rproc.channel('watched')
        await channel.send('well?')
        expect((await channel.receive()).text()).toBe('well?')
        await rproc.sleep(50)
        expect(rproc.state).toBe('running')
        const before = rproc.processor.clock.now()
        await channel.send('hang')
        const { kind, reason, place } = await crash
        expect(kind).toBe('watchdog')
        expect(reason).toContain('has not slept for 5 ms')
        expect(place?.name).toBe('spin')
        expect((rproc.processor.clock.now() - before) / 1e6).toBeGreaterThanOrEqual(5)
      })
    },
  )

  test.each([[0], [-1], [Number.NaN]])('of %s ms is refused', (watchdog) => {
    expect(() => emulated({ watchdog })).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  })
})
