import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { firmwareWith } from '../../test/support/firmware.js'
import { PlayedMachine } from '../../test/support/processor.js'
import { emulated } from '../machines/index.js'
import type { Coredump } from './coredump.js'
import type { RemoteprocEvent } from './events.js'
import { Recovery, type RecoveryPolicy } from './recovery.js'
import { Remoteproc, type RemoteprocOptions } from './remoteproc.js'

const firmware = readFileSync(new URL('../../firmware/images/crash.elf', import.meta.url))

type Of<T extends RemoteprocEvent['type']> = Extract<RemoteprocEvent, { type: T }>

/** Runs a test on a booted `crash` image in the deterministic mode. */
async function withRemote(
  options: Partial<RemoteprocOptions>,
  body: (rproc: Remoteproc, events: readonly RemoteprocEvent[]) => Promise<void>,
): Promise<void> {
  const events: RemoteprocEvent[] = []
  const rproc = await Remoteproc.init({
    firmware,
    machine: emulated({ deterministic: true, ramSize: 0x10_0000 }),
    observer: (event) => events.push(event),
    ...options,
  })
  try {
    await rproc.boot()
    await body(rproc, events)
  } finally {
    await rproc.deinit()
  }
}

function all<T extends RemoteprocEvent['type']>(
  events: readonly RemoteprocEvent[],
  type: T,
): readonly Of<T>[] {
  return events.filter((event): event is Of<T> => event.type === type)
}

async function crash(rproc: Remoteproc, how = 'illegal'): Promise<void> {
  const channel = await rproc.channel('crash')
  await channel.send(how)
  await expect(channel.receive()).rejects.toMatchObject({ code: 'ERR_CRASHED' })
}

describe('a crash', () => {
  test('that the program reports is one like any other', async () => {
    await withRemote({ recovery: 'enabled' }, async (rproc, events) => {
      const channel = await rproc.channel('crash', { persist: true })
      await rproc.reportCrash('it is too warm', 'watchdog')
      expect(all(events, 'crashed')).toMatchObject([
        { reason: 'it is too warm', crash: { kind: 'watchdog', pc: expect.any(Number) } },
      ])
      await rproc.whenRunning()
      await channel.send('back')
      expect((await channel.receive()).text()).toBe('back')
      await rproc.shutdown()
      await expect(rproc.reportCrash('late')).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    })
  })

  test('has the cause, the pc, the address and the function', async () => {
    await withRemote({}, async (rproc, events) => {
      await crash(rproc, 'load')
      const [{ crash: told, reason } = expect.unreachable()] = all(events, 'crashed')
      expect(told).toMatchObject({ kind: 'fault', cause: 'load access fault', address: 0 })
      const symbol = rproc.image.functionAt(told.pc ?? 0)
      expect(told.place).toEqual(symbol)
      expect(reason).toContain(`${symbol?.name}+0x${symbol?.offset.toString(16)}`)
      expect(reason).toContain('code 85')
    })
  })

  test('that the firmware reports itself is a failure, where the core was', async () => {
    await withRemote({}, async (rproc, events) => {
      await crash(rproc, 'fail 7')
      const [{ crash: told } = expect.unreachable()] = all(events, 'crashed')
      expect(told).toMatchObject({ kind: 'failure', pc: expect.any(Number) })
      expect(told.cause).toBeUndefined()
    })
  })

  test('leaves the remote crashed where the recovery is disabled', async () => {
    await withRemote({}, async (rproc, events) => {
      await crash(rproc)
      await new Promise((resolve) => setImmediate(resolve))
      expect(rproc.state).toBe('crashed')
      await expect(rproc.whenRunning()).rejects.toMatchObject({ code: 'ERR_CRASHED' })
      expect(all(events, 'recovering')).toEqual([])
    })
  })
})

describe('a recovery', () => {
  test('boots the remote again at once', async () => {
    await withRemote({ recovery: 'enabled' }, async (rproc, events) => {
      await crash(rproc)
      await rproc.whenRunning()
      const channel = await rproc.channel('crash')
      await channel.send('hello again')
      expect((await channel.receive()).text()).toBe('hello again')
      expect(all(events, 'recovering')).toMatchObject([{ attempt: 1, delay: 0 }])
      expect(all(events, 'booted')).toHaveLength(2)
    })
  })

  test('backs off where crashes follow each other, up to the longest delay', async () => {
    const recovery: RecoveryPolicy = { delay: 10, factor: 3, longest: 50 }
    await withRemote({ recovery }, async (rproc, events) => {
      for (let i = 0; i < 5; i++) {
        await crash(rproc)
        await rproc.whenRunning()
      }
      const recovering = all(events, 'recovering')
      expect(recovering.map(({ delay }) => delay)).toEqual([0, 10, 30, 50, 50])
      // The machine's clock has moved on by so much, with the remote in reset.
      const crashed = all(events, 'crashed')
      const booted = all(events, 'booted').slice(1)
      const waited = booted.map(({ time }, i) => (time - (crashed[i]?.time ?? 0)) / 1e6)
      expect(waited).toEqual([0, 10, 30, 50, 50])
    })
  })

  test('without a delay has none after any number of crashes', () => {
    // 2 to the power of the row is Infinity from row 1026 on.
    const recovery = new Recovery({ delay: 0 })
    const delays = Array.from({ length: 1100 }, () => recovery.crashed(0))
    expect(new Set(delays)).toEqual(new Set([0]))
  })

  test('begins the row anew after a life that was long enough', async () => {
    await withRemote({ recovery: { stable: 100 } }, async (rproc, events) => {
      for (const lasts of [0, 0, 200, 0]) {
        await rproc.sleep(lasts)
        await crash(rproc)
        await rproc.whenRunning()
      }
      expect(all(events, 'recovering').map(({ attempt }) => attempt)).toEqual([1, 2, 1, 2])
    })
  })

  test('ends after so many attempts', async () => {
    await withRemote({ recovery: { attempts: 2 } }, async (rproc) => {
      await crash(rproc)
      await rproc.whenRunning()
      await crash(rproc)
      await rproc.whenRunning()
      await crash(rproc)
      await expect(rproc.whenRunning()).rejects.toMatchObject({ code: 'ERR_CRASHED' })
      expect(rproc.state).toBe('crashed')
    })
  })

  test('is called off by a shutdown, and everybody is told', async () => {
    await withRemote({ recovery: { delay: 1000 } }, async (rproc, events) => {
      await crash(rproc)
      await rproc.whenRunning()
      await crash(rproc)
      const waiting = expect(rproc.whenRunning()).rejects.toMatchObject({ code: 'ERR_STOPPED' })
      await rproc.shutdown()
      await waiting
      expect(rproc.state).toBe('stopped')
      expect(all(events, 'booted')).toHaveLength(2)
      await rproc.boot()
      await rproc.channel('crash')
    })
  })

  test('that cannot boot the remote is told, and ends', async () => {
    const machine = new PlayedMachine()
    const events: RemoteprocEvent[] = []
    const observer = (event: RemoteprocEvent) => events.push(event)
    const options = { firmware: firmwareWith(), machine, recovery: 'enabled', observer } as const
    const rproc = await Remoteproc.init(options)
    await rproc.boot()
    machine.processor.start = () => {
      throw new Error('no power')
    }
    machine.processor.listener.crashed('a reason')
    await expect(rproc.whenRunning()).rejects.toThrow('no power')
    expect(all(events, 'recovery failed')).toMatchObject([{ reason: 'no power' }])
    expect(rproc.state).toBe('stopped')
    await rproc.deinit()
  })

  test.each([
    [{ delay: -1 }],
    [{ factor: 0.5 }],
    [{ factor: Infinity }],
    [{ attempts: Number.NaN }],
  ])('of %o is refused', async (recovery) => {
    const init = Remoteproc.init({ firmware, machine: emulated(), recovery })
    await expect(init).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
})

describe('a coredump', () => {
  const collect = (dump: Coredump) => Buffer.concat([...dump.pieces()])

  test('is of the moment of the crash, though the remote has booted again', async () => {
    const dumps: Buffer[] = []
    let write = (_: Coredump): void => {}
    const written = new Promise<void>((resolve) => {
      write = (dump) => {
        expect(dump.crash.cause).toBe('illegal instruction')
        later = () => {
          dumps.push(collect(dump))
          resolve()
        }
      }
    })
    let later = (): void => {}
    await withRemote(
      { recovery: 'enabled', coredump: { write: (d) => write(d) } },
      async (rproc) => {
        const marked = await rproc.channel('crash')
        await marked.send('illegal')
        await marked.receive().catch(() => {})
        await rproc.whenRunning()
        const next = await rproc.channel('crash')
        await next.send('a message of the second life')
        await next.receive()
        later()
        await written
        expect(dumps[0]?.includes('trap: illegal instruction')).toBe(true)
        expect(dumps[0]?.includes('a message of the second life')).toBe(false)
      },
    )
  })

  test('that is written inline holds up the boot until it is done', async () => {
    let finish = (): void => {}
    let size = 0
    const write = (dump: Coredump): Promise<void> =>
      new Promise((resolve) => {
        finish = () => {
          size = collect(dump).length
          expect(size).toBe(dump.size)
          resolve()
        }
      })
    const coredump = { mode: 'inline', write } as const
    await withRemote({ recovery: 'enabled', coredump }, async (rproc, events) => {
      await crash(rproc)
      await new Promise((resolve) => setImmediate(resolve))
      expect(rproc.state).toBe('crashed')
      expect(all(events, 'recovering')).toEqual([])
      finish()
      await rproc.whenRunning()
      expect(all(events, 'coredump')).toMatchObject([{ size }])
    })
  })

  test('comes in pieces of at most 1 MiB', async () => {
    let largest = 0
    const write = (dump: Coredump): void => {
      for (const piece of dump.pieces()) largest = Math.max(largest, piece.length)
    }
    await withRemote({ coredump: { write } }, async (rproc) => {
      await crash(rproc)
    })
    expect(largest).toBe(0x10_0000)
  })

  test('that cannot be written is told, and keeps nobody from coming back', async () => {
    const write = (): never => {
      throw new Error('disk full')
    }
    await withRemote({ recovery: 'enabled', coredump: { write } }, async (rproc, events) => {
      await crash(rproc)
      await rproc.whenRunning()
      expect(all(events, 'note')).toMatchObject([{ text: expect.stringContaining('disk full') }])
    })
  })
})
