import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Remoteproc, type RemoteprocEvent } from '../remoteproc/index.js'
import type { RpmsgDevice } from '../rpmsg/index.js'
import {
  type EmulatedOptions,
  emulated,
  type VirtioConsoleOptions,
  type VirtioPlug,
  virtioConsole,
  virtioEntropy,
  virtioRpmsg,
} from './index.js'

const firmware = readFileSync(new URL('../../firmware/images/virtio-console.elf', import.meta.url))

/** A console whose output is kept, and can be waited for. */
function terminal(options: Omit<VirtioConsoleOptions, 'received'> = {}) {
  let text = ''
  let waiting: { readonly what: string; readonly found: () => void } | undefined
  const plug = virtioConsole({
    ...options,
    received: (bytes) => {
      text += new TextDecoder().decode(bytes)
      if (waiting !== undefined && text.includes(waiting.what)) waiting.found()
    },
  })
  return {
    plug,
    get text() {
      return text
    },
    /** Types a line. */
    type: (line: string): void => plug.write(`${line}\n`),
    /** Resolves once `what` has been written. */
    says: async (what: string): Promise<void> => {
      if (text.includes(what)) return
      await new Promise<void>((found) => {
        waiting = { what, found }
      })
    },
  }
}

interface Run {
  readonly rproc: Remoteproc
  readonly events: readonly RemoteprocEvent[]
}

async function withBoard(
  virtio: readonly VirtioPlug[],
  options: Omit<EmulatedOptions, 'virtio'>,
  use: (run: Run) => Promise<void>,
): Promise<readonly RemoteprocEvent[]> {
  const events: RemoteprocEvent[] = []
  const rproc = await Remoteproc.init({
    firmware,
    machine: emulated({ ...options, virtio }),
    observer: (event) => events.push(event),
  })
  try {
    await rproc.boot()
    await use({ rproc, events })
  } finally {
    await rproc.deinit()
  }
  return events
}

const modes = [
  { virtioVersion: 2, deterministic: true },
  { virtioVersion: 1, deterministic: true },
  { virtioVersion: 2, deterministic: false },
  { virtioVersion: 1, deterministic: false },
] as const

describe.each(modes)(
  'an image that drives virtio-mmio, $virtioVersion, deterministic: $deterministic',
  (mode) => {
    test('finds the console and the entropy source that the host gives', async () => {
      const console = terminal()
      await withBoard([virtioEntropy(), console.plug], mode, async ({ rproc }) => {
        for (const line of ['hello', 'size', 'entropy 4', 'rpmsg x', 'off']) console.type(line)
        await rproc.whenStopped()
      })
      expect(
        console.text.replace(/entropy: [0-9a-f]{8}\n/, 'entropy: 4 bytes\n').split('\n'),
      ).toEqual([
        `console on virtio-mmio version ${mode.virtioVersion}`,
        'entropy: ready',
        'hello',
        'size: 80 x 25',
        'entropy: 4 bytes',
        'rpmsg: nobody is announced',
        'bye',
        '',
      ])
    })

    test('is told of another size of the console', async () => {
      const console = terminal({ columns: 100, rows: 30 })
      await withBoard([console.plug], mode, async ({ rproc }) => {
        await console.says('no device')
        console.plug.resize(132, 43)
        await console.says('size: 132 x 43')
        console.type('off')
        await rproc.whenStopped()
      })
    })

    test('is the host of an RPMsg link whose remote is a function here', async () => {
      const console = terminal()
      const links: RpmsgDevice[] = []
      const heard: string[] = []
      const rpmsg = virtioRpmsg({
        remote: async (device) => {
          links.push(device)
          const channel = device.announce('greeter')
          for await (const message of channel) {
            heard.push(message.text())
            await channel.send(`hello, ${message.text()}`)
          }
        },
      })
      await withBoard([console.plug, rpmsg], mode, async ({ rproc }) => {
        await console.says('rpmsg: greeter is announced')
        for (const name of ['board', 'again']) {
          console.type(`rpmsg ${name}`)
          await console.says(`rpmsg: hello, ${name}`)
        }
        console.type('off')
        await rproc.whenStopped()
      })
      expect(heard).toEqual(['board', 'again'])
      expect(links).toHaveLength(1)
      const stats = links[0]?.stats
      expect(stats).toMatchObject({ sent: 3, received: 2 })
      // The driver has told of its empty buffers, and of each message.
      expect(stats?.rings.map((ring) => ring.kicksSent)).toEqual([3, 2])
      expect(stats?.rings[1]?.notificationsReceived).toBe(2)
    })

    test('has a remote that uses as much of its buffers as it is told', async () => {
      const console = terminal()
      const sizes: number[] = []
      const rpmsg = virtioRpmsg({
        bufferSize: 128,
        remote: (device) => {
          sizes.push(device.payloadSize)
          device.announce('small')
        },
      })
      await withBoard([console.plug, rpmsg], mode, async () => {
        await console.says('small is announced')
      })
      expect(sizes).toEqual([112])
    })

    test('is booted again, and finds its devices as new', async () => {
      const console = terminal()
      let ends = 0
      const rpmsg = virtioRpmsg({
        remote: async (device) => {
          const channel = device.announce('once')
          await channel.receive().catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'ERR_STOPPED' })
            ends++
          })
        },
      })
      await withBoard([console.plug, rpmsg], mode, async ({ rproc }) => {
        await console.says('once is announced')
        await rproc.shutdown({ deadline: 0 })
        expect(ends).toBe(1)
        console.type('hello')
        await rproc.boot()
        await console.says('hello')
        console.type('off')
        await rproc.whenStopped()
      })
      expect(ends).toBe(2)
      expect(console.text.match(/console on virtio-mmio/g)).toHaveLength(2)
      expect(console.text.match(/once is announced/g)).toHaveLength(2)
    })
  },
)

test('a driver that lies is told to reset its device, and goes on', async () => {
  const console = terminal()
  const events = await withBoard([console.plug], { deterministic: true }, async ({ rproc }) => {
    console.type('lie')
    await console.says('console: started again')
    console.type('still here')
    await console.says('still here')
    console.type('off')
    await rproc.whenStopped()
  })
  const notes = events.flatMap((event) => (event.type === 'note' ? [event.text] : []))
  expect(notes).toEqual([
    expect.stringMatching(
      /^virtio-mmio slot 0 \(console\): vring 1: chain at descriptor 1: pa 0x0 \+ 0x100 bytes lies in no memory region .*; its driver is told to reset it$/,
    ),
  ])
})

test('a driver of version 1, which cannot be told, has crashed when it lies', async () => {
  const console = terminal()
  const mode = { deterministic: true, virtioVersion: 1 } as const
  const events = await withBoard([console.plug], mode, async ({ rproc }) => {
    console.type('lie')
    await expect(rproc.whenStopped()).rejects.toMatchObject({
      code: 'ERR_CRASHED',
      message: expect.stringMatching(/slot 0 \(console\): vring 1: chain at descriptor 1: pa 0x0/),
    })
    expect(rproc.state).toBe('crashed')
  })
  expect(events.filter(({ type }) => type === 'crashed')).toHaveLength(1)
})

test('what the remote throws breaks its device, and surfaces', async () => {
  const console = terminal()
  const uncaught = new Promise<unknown>((resolve) => process.once('uncaughtException', resolve))
  const rpmsg = virtioRpmsg({
    remote: () => {
      throw new Error('a mistake')
    },
  })
  const events = await withBoard(
    [console.plug, rpmsg],
    { deterministic: true },
    async ({ rproc }) => {
      await expect(uncaught).resolves.toMatchObject({ message: 'a mistake' })
      console.type('off')
      await rproc.whenStopped()
    },
  )
  const note = events.find((event) => event.type === 'note')
  expect(note).toMatchObject({ text: expect.stringMatching(/^the remote crashed: a mistake; its/) })
})

test('the same inputs give the same entropy in the deterministic mode, and other seeds other', async () => {
  const run = async (seed?: number): Promise<string> => {
    const console = terminal()
    const entropy = virtioEntropy(seed === undefined ? {} : { seed })
    await withBoard([console.plug, entropy], { deterministic: true }, async ({ rproc }) => {
      console.type('entropy 32')
      console.type('off')
      await rproc.whenStopped()
    })
    return console.text
  }
  const first = await run()
  expect(first).toMatch(/entropy: [0-9a-f]{64}\n/)
  expect(await run()).toBe(first)
  expect(await run(0)).toBe(first)
  expect(await run(1)).not.toBe(first)
})

test('without a seed the entropy is the platform’s', async () => {
  const run = async (): Promise<string> => {
    const console = terminal()
    await withBoard([console.plug, virtioEntropy()], {}, async ({ rproc }) => {
      console.type('entropy 32')
      console.type('off')
      await rproc.whenStopped()
    })
    return console.text
  }
  expect(await run()).not.toBe(await run())
})

test('a deterministic run takes the same time, to the cycle, with its devices', async () => {
  const run = async (): Promise<number> => {
    const console = terminal()
    let time = 0
    const rpmsg = virtioRpmsg({
      remote: async (device) => {
        const channel = device.announce('greeter')
        for await (const message of channel) await channel.send(message.data)
      },
    })
    await withBoard([console.plug, rpmsg], { deterministic: true }, async ({ rproc }) => {
      await console.says('announced')
      for (let i = 0; i < 50; i++) {
        console.type(`rpmsg ${i}`)
        await console.says(`rpmsg: ${i}\n`)
      }
      time = rproc.processor.clock.now()
    })
    return time
  }
  const first = await run()
  expect(first).toBeGreaterThan(0)
  expect(await run()).toBe(first)
})

test('without `received` what the remote writes goes to the console of the machine', async () => {
  const plug = virtioConsole()
  plug.write('off\n')
  const events = await withBoard([plug], { deterministic: true }, async ({ rproc }) => {
    await rproc.whenStopped()
  })
  const text = events.flatMap((event) => (event.type === 'console' ? [event.text] : [])).join('')
  expect(text).toMatch(/^console on virtio-mmio version 2\n/)
  expect(text).toMatch(/bye\n$/)
})

test('an image without the console that it needs fails, and says so', async () => {
  await withBoard([virtioEntropy()], { deterministic: true }, async ({ rproc }) => {
    await expect(rproc.whenStopped()).rejects.toMatchObject({
      code: 'ERR_CRASHED',
      message: expect.stringContaining('the remote failed with code 1'),
    })
  })
})

test.each([
  [
    'more devices than there are slots',
    { virtio: Array.from({ length: 9 }, () => virtioEntropy()) },
  ],
  ['devices for a board in a worker', { virtio: [virtioEntropy()], worker: true }],
])('%s are refused', async (_, options) => {
  const init = async () => Remoteproc.init({ firmware, machine: emulated(options) })
  await expect(init()).rejects.toMatchObject({ code: 'ERR_USAGE' })
})

test('a console belongs to one machine', async () => {
  const plug = virtioConsole()
  const machine = emulated({ virtio: [plug] })
  const rproc = await Remoteproc.init({ firmware, machine })
  await expect(Remoteproc.init({ firmware, machine })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  await rproc.deinit()
})
