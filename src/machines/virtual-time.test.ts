import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as asm from '../../test/cores/assembler.js'
import { csr, Program, reg } from '../../test/cores/assembler.js'
import { buildElf } from '../firmware/build-elf.js'
import { readElf } from '../firmware/index.js'
import { Remoteproc, type RemoteprocEvent } from '../remoteproc/index.js'
import { emulated } from './index.js'

const image = (name: string): Uint8Array =>
  readFileSync(new URL(`../../firmware/images/${name}.elf`, import.meta.url))

function imageOf(program: Program): Uint8Array {
  const { base } = program
  return buildElf({ entry: base, segments: [{ vaddr: base, data: program.bytes() }] })
}

/** A remote that never sleeps. */
const spinning = imageOf(new Program().label('loop').jump('loop'))

interface Options {
  readonly deterministic: boolean
  readonly observer?: (event: RemoteprocEvent) => void
}

async function withRemote(
  firmware: Uint8Array,
  { deterministic, observer = () => {} }: Options,
  use: (rproc: Remoteproc, now: () => number) => Promise<void>,
): Promise<void> {
  const machine = emulated({ deterministic })
  const bare = !readElf(firmware, 'image').sections.some(({ name }) => name === '.resource_table')
  const table = bare ? ({ resourceTable: 'none' } as const) : {}
  const rproc = await Remoteproc.init({ firmware, machine, observer, ...table })
  await rproc.boot()
  try {
    await use(rproc, () => rproc.processor.clock.now())
  } finally {
    await rproc.deinit()
  }
}

const DETERMINISTIC = { deterministic: true }
const PACED = { deterministic: false }
/** 100 MHz. */
const NS_PER_CYCLE = 10
const DEMO = 'rpmsg-openamp-demo-channel'

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

describe('virtual time, deterministic,', () => {
  test('jumps to each timer of the host in turn, and is there when the host goes on', async () => {
    await withRemote(image('echo'), DETERMINISTIC, async (rproc, now) => {
      await rproc.channel(DEMO)
      const start = now()
      const woken: number[] = []
      const sleeper = (ms: number) => rproc.sleep(ms).then(() => woken.push(now() - start))
      await Promise.all([sleeper(30), sleeper(0.5), sleeper(20), sleeper(20)])
      expect(woken).toEqual([0.5e6, 20e6, 20e6, 30e6])
    })
  })

  test('ends a sleep of the host to the cycle while the remote computes', async () => {
    await withRemote(spinning, DETERMINISTIC, async (rproc, now) => {
      for (const ms of [0.5, 2.25, 0.00042]) {
        const start = now()
        await rproc.sleep(ms)
        const late = now() - start - ms * 1e6
        expect(late).toBeGreaterThanOrEqual(0)
        expect(late).toBeLessThan(2 * NS_PER_CYCLE)
      }
      await rproc.shutdown({ deadline: 0 })
    })
  })

  test('goes to a deadline only on the way to a timer', async () => {
    await withRemote(image('echo'), DETERMINISTIC, async (rproc, now) => {
      const channel = await rproc.channel(DEMO)
      const start = now()
      const timer = rproc.sleep(50)
      await expect(channel.receive({ timeout: 20 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
      expect(now() - start).toBe(20e6)
      await timer
      expect(now() - start).toBe(50e6)
      await expect(channel.receive({ timeout: 20 })).rejects.toMatchObject({ code: 'ERR_IDLE' })
      expect(now() - start).toBe(50e6)
    })
  })

  test('goes on to a timer that is set while everything sleeps', async () => {
    await withRemote(image('silent'), DETERMINISTIC, async (rproc, now) => {
      await rproc.whenStopped().catch(() => {})
      await turns(3)
      const start = now()
      const due = await new Promise<number>((resolve) => {
        rproc.processor.clock.after(7, 'timer', () => resolve(now()))
      })
      expect(due - start).toBe(7e6)
    })
  })

  test('gives the same run however long each input takes', async () => {
    const run = async (delay: (i: number) => number): Promise<string> => {
      const log: string[] = []
      const observer = (event: RemoteprocEvent) => log.push(JSON.stringify(event))
      await withRemote(image('ticker'), { deterministic: true, observer }, async (rproc, now) => {
        const channel = await rproc.channel('ticker')
        for (let i = 0; i < 20; i++) {
          const line = await rproc.admit(turns(delay(i)).then(() => `line ${i}`))
          log.push(`${now()} ${line}`)
          await channel.send(line)
          log.push(`${now()} ${(await channel.receive()).data}`)
        }
      })
      return log.join('\n')
    }
    const first = await run(() => 0)
    expect(await run((i) => i % 7)).toBe(first)
    expect(await run((i) => 40 - i)).toBe(first)
  })

  test('stands still for input after input, and for several at once', async () => {
    await withRemote(image('ticker'), DETERMINISTIC, async (rproc, now) => {
      await rproc.channel('ticker')
      const start = now()
      await Promise.all([rproc.admit(turns(5)), rproc.admit(turns(20))])
      await expect(rproc.admit(Promise.reject(new Error('no line')))).rejects.toThrow('no line')
      await rproc.admit(turns(5))
      expect(now()).toBe(start)
    })
  })
})

describe('virtual time, paced,', () => {
  test.each([
    ['wakes at every tick', { firmware: image('ticker') }],
    ['never sleeps', { firmware: spinning, resourceTable: 'none' }],
  ] as const)(
    'is never a slice ahead of the wall clock, with a remote that %s',
    async (_, what) => {
      const rproc = await Remoteproc.init({ ...what, machine: emulated(PACED) })
      const now = () => rproc.processor.clock.now() / 1e6
      let ahead = 0
      let sampling = true
      const begin = performance.now()
      await rproc.boot()
      const samples = (async () => {
        while (sampling) {
          ahead = Math.max(ahead, now() - (performance.now() - begin))
          await turns(1)
        }
      })()
      await rproc.sleep(30)
      sampling = false
      await samples
      expect(now()).toBeGreaterThanOrEqual(30)
      expect(ahead).toBeLessThanOrEqual(1)
      await rproc.shutdown({ deadline: 0 })
      await rproc.deinit()
    },
  )

  test('stands still where the remote sleeps and no timer is armed', async () => {
    await withRemote(image('silent'), PACED, async (rproc, now) => {
      await expect(rproc.whenStopped()).rejects.toMatchObject({ code: 'ERR_IDLE' })
      await turns(3)
      const start = now()
      // Nothing can end this wait too early: that nothing happens meanwhile is what is looked for.
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(now()).toBe(start)
      // Nor is it made up for: what comes now takes its time.
      const wall = performance.now()
      await rproc.sleep(10)
      expect(performance.now() - wall).toBeGreaterThan(9)
      expect(now() - start).toBe(10e6)
    })
  })

  test('ends the wait for a message of a remote that sleeps, at its deadline', async () => {
    await withRemote(image('echo'), PACED, async (rproc, now) => {
      const channel = await rproc.channel(DEMO)
      for (let i = 0; i < 2; i++) {
        const start = now()
        await expect(channel.receive({ timeout: 20 })).rejects.toMatchObject({
          code: 'ERR_TIMEOUT',
        })
        expect(now() - start).toBeGreaterThanOrEqual(20e6)
      }
      await channel.send('still there')
      expect((await channel.receive()).text()).toBe('still there')
    })
  })

  test('does not jump to a timer that is further off than the platform’s timers reach', async () => {
    const { t0, t1, zero } = reg
    const program = new Program()
    const clint = 0x0200_0000
    // mtimecmp = 2^45: 41 days.
    for (const [address, value] of [
      [clint + 0x4004, 1 << 13],
      [clint + 0x4000, 0],
    ] as const) {
      program.emit(...asm.li(t0, address), ...asm.li(t1, value), asm.sw(t1, t0, 0))
    }
    program.emit(...asm.li(t0, 0x80), asm.csrrs(zero, csr.mie, t0)).label('loop')
    program.emit(asm.wfi).jump('loop')
    await withRemote(imageOf(program), PACED, async (rproc, now) => {
      await rproc.sleep(5)
      // As above: a timeout that is too long for the platform would fire at once.
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(now()).toBeLessThan(10e9)
      await rproc.shutdown({ deadline: 0 })
    })
  })
})

test.each([
  ['deterministic', DETERMINISTIC],
  ['paced', PACED],
])('a remote that sleeps keeps the process alive until it is freed, %s', async (_, options) => {
  const timers = () => process.getActiveResourcesInfo().filter((what) => what === 'Timeout').length
  // The test runner has timers of its own that report the test before this one.
  while (timers() > 0) await turns(1)
  await withRemote(image('silent'), options, async (rproc) => {
    await rproc.whenStopped().catch(() => {})
    await turns(3)
    expect(timers()).toBe(1)
    await rproc.shutdown({ deadline: 0 })
    await turns(3)
    expect(timers()).toBe(0)
  })
})
