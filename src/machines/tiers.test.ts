import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { expect, test, vi } from 'vitest'
import { boardFor } from '../boards/catalogue/index.js'
import { EmulatedBoard } from '../boards/emulated-board.js'
import { type ProcessorListener, Remoteproc } from '../remoteproc/index.js'
import type { Channel } from '../rpmsg/index.js'
import { InThreadProcessor } from './emulated/in-thread.js'

const DEMO = 'rpmsg-openamp-demo-channel'
/** Everything is compiled, before it is executed for the first time. */
const EVERYTHING = 0

interface Run {
  /** What has happened, with the virtual time in nanoseconds. */
  readonly log: readonly string[]
  readonly modules: number
}

/** Runs an image in the deterministic mode, and says what `talk` has to say to it. */
async function runOf(
  firmware: Uint8Array,
  compile: false | number,
  talk: (ask: Conversation) => Promise<void>,
): Promise<Run> {
  const log: string[] = []
  const boards: EmulatedBoard[] = []
  const rproc = await Remoteproc.init({
    firmware,
    machine: {
      kind: 'memory',
      name: 'a board of this test',
      open: async (listener, kind) => {
        const board = new EmulatedBoard(boardFor(kind), { compile })
        boards.push(board)
        const noted: ProcessorListener = {
          ...listener,
          kicked: (notifyId) => {
            log.push(`${board.cycle} kick of ${notifyId}, pc ${board.pc.toString(16)}`)
            listener.kicked(notifyId)
          },
        }
        return new InThreadProcessor(board, true, noted)
      },
    },
    observer: (event) => log.push(JSON.stringify(event)),
  })
  try {
    await rproc.boot()
    await talk(new Conversation(rproc, log))
    await rproc.shutdown()
    log.push(`${rproc.processor.clock.now()} ${boards.map((board) => board.registers)}`)
    return { log, modules: boards.reduce((sum, { compiled }) => sum + compiled.modules, 0) }
  } finally {
    await rproc.deinit()
  }
}

class Conversation {
  readonly #rproc: Remoteproc
  readonly #log: string[]

  constructor(rproc: Remoteproc, log: string[]) {
    this.#rproc = rproc
    this.#log = log
  }

  channel(name: string): Promise<Channel> {
    return this.#rproc.channel(name)
  }

  async receive(channel: Channel): Promise<void> {
    const { data } = await channel.receive()
    this.#log.push(`${this.#rproc.processor.clock.now()} ${channel.name}: ${data}`)
  }

  async ask(channel: Channel, data: Uint8Array | string): Promise<void> {
    await channel.send(data)
    await this.receive(channel)
  }
}

const conversations: Readonly<Record<string, (talk: Conversation) => Promise<void>>> = {
  echo: async (talk) => {
    const channel = await talk.channel(DEMO)
    for (let length = 1; length <= 496; length += 99) {
      await talk.ask(channel, new Uint8Array(length).fill(length))
    }
  },

  ticker: async (talk) => {
    const channel = await talk.channel('ticker')
    await talk.ask(channel, 'bound')
    for (let i = 0; i < 2; i++) await talk.receive(channel)
  },

  'multi-endpoint': async (talk) => {
    const control = await talk.channel('control')
    const log = await talk.channel('log')
    await log.send('bind')
    await talk.ask(control, 'hello')
    await talk.ask(await talk.channel('sensor'), 'x')
    await talk.ask(control, 'drop sensor')
    await talk.ask(control, 'announce sensor')
    await talk.ask(await talk.channel('sensor'), 'x')
    await talk.ask(control, 'send 2')
  },

  // Loops that are skipped, 1 and 12 seconds of the remote's time.
  delay: async (talk) => {
    const channel = await talk.channel('delay')
    await talk.ask(channel, 'register 20000')
    await talk.ask(channel, 'register 12345678')
    await talk.ask(channel, 'stack 54321098')
  },

  'matrix-multiply': async (talk) => {
    // Twice a size of 6, and rows of 6 numbers.
    const words = Uint32Array.from({ length: 2 * 37 }, (_, i) => (i % 37 === 0 ? 6 : i))
    await talk.ask(await talk.channel(DEMO), new Uint8Array(words.buffer))
  },
}

const images = ['', 'mps2-an386/'].flatMap((folder) =>
  Object.entries(conversations).map(([name, talk]) => [`${folder}${name}`, talk] as const),
)

test.each(images)(
  'compiled, %s sends, kicks and prints the same at the same nanosecond as interpreted',
  async (name, talk) => {
    const firmware = readFileSync(new URL(`../../firmware/images/${name}.elf`, import.meta.url))
    const interpreted = await runOf(firmware, false, talk)
    const compiled = await runOf(firmware, EVERYTHING, talk)
    expect(interpreted.modules).toBe(0)
    expect(compiled.modules).toBeGreaterThan(0)
    expect(interpreted.log.some((line) => line.includes('kick of'))).toBe(true)
    expect(compiled.log).toEqual(interpreted.log)
  },
)

test('where a page forbids to compile WebAssembly, all is interpreted, with the same result', async () => {
  const firmware = readFileSync(new URL('../../firmware/images/echo.elf', import.meta.url))
  const talk = conversations['echo']
  if (talk === undefined) throw new Error('no conversation with echo')
  const interpreted = await runOf(firmware, false, talk)
  // As a Content-Security-Policy without "wasm-unsafe-eval" does it: a CompileError for every module.
  const strict: unknown = runInNewContext(
    'WebAssembly',
    {},
    { contextCodeGeneration: { wasm: false } },
  )
  vi.stubGlobal('WebAssembly', strict)
  try {
    const forbidden = await runOf(firmware, EVERYTHING, talk)
    expect(forbidden.modules).toBe(0)
    expect(forbidden.log).toEqual(interpreted.log)
  } finally {
    vi.unstubAllGlobals()
  }
})
