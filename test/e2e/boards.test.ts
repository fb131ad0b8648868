import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Remoteproc, type RemoteprocEvent, rpmsgLite } from '../../dist/index.js'
import { type EmulatedOptions, emulated } from '../../dist/machines/index.js'
import { file } from '../../dist/node.js'
import { image, openamp } from './command.js'
import { imageFile } from './images.js'
import { PATIENT } from './machines.js'

const DEMO = 'rpmsg-openamp-demo-channel'

async function withRemote(
  name: string,
  options: EmulatedOptions,
  use: (rproc: Remoteproc, log: readonly RemoteprocEvent[]) => Promise<void>,
): Promise<void> {
  const log: RemoteprocEvent[] = []
  const rproc = await Remoteproc.init({
    firmware: file(image(name)),
    machine: emulated(options),
    observer: (event) => log.push(event),
  })
  try {
    await rproc.boot()
    await use(rproc, log)
  } finally {
    await rproc.deinit()
  }
}

async function echoes(rproc: Remoteproc, texts: readonly string[]): Promise<readonly string[]> {
  const channel = await rproc.channel(DEMO)
  const answers: string[] = []
  for (const text of texts) {
    await channel.send(text)
    answers.push((await channel.receive()).text())
  }
  return answers
}

const boards: readonly (readonly [string, string, EmulatedOptions])[] = [
  ['virt-rv64, which an ELF64 image gets', 'virt-rv64/echo', {}],
  ['virt-rv64 in a worker', 'virt-rv64/echo', { worker: true }],
  ['mps2-an386, which an Arm image gets', 'mps2-an386/echo', {}],
  ['mps2-an386 in a worker', 'mps2-an386/echo', { worker: true }],
  ['mps2-an500', 'mps2-an386/echo', { board: 'mps2-an500' }],
  ['stm32mp15-m4', 'stm32mp15-m4/echo', { board: 'stm32mp15-m4' }],
  ['imx8mp-m7', 'imx8mp-m7/echo', { board: 'imx8mp-m7' }],
  ['imx8mp-m7 in a worker', 'imx8mp-m7/echo', { board: 'imx8mp-m7', worker: true }],
  ['am62-m4', 'am62-m4/echo', { board: 'am62-m4' }],
  ['am62-m4 in a worker', 'am62-m4/echo', { board: 'am62-m4', worker: true }],
  ['zynqmp-r5', 'zynqmp-r5/echo', { board: 'zynqmp-r5' }],
  ['zynqmp-r5 in a worker', 'zynqmp-r5/echo', { board: 'zynqmp-r5', worker: true }],
]

describe.each(boards)('a remote on the board %s', (_, name, options) => {
  test('answers, and ends when it is asked to, again and again', async () => {
    await withRemote(
      name,
      { deterministic: options.worker !== true, ...options },
      async (rproc, log) => {
        expect(await echoes(rproc, ['one', 'two'])).toEqual(['one', 'two'])
        await rproc.shutdown(PATIENT)
        await rproc.boot()
        expect(await echoes(rproc, ['three'])).toEqual(['three'])
        await rproc.shutdown(PATIENT)
        const ends = log.filter(({ type }) => type === 'stopped')
        expect(ends).toEqual(Array(2).fill(expect.objectContaining({ reason: 'acknowledged' })))
      },
    )
  })
})

describe('an Arm core that crashes', () => {
  test.each([
    ['mps2-an386', 'load', 'BusFault: precise data access', { address: 0x9000_0000 }],
    ['mps2-an386', 'illegal', 'UsageFault: undefined instruction', {}],
    ['zynqmp-r5', 'load', 'data abort: nothing is there', { address: 0x9000_0000 }],
    ['zynqmp-r5', 'illegal', 'undefined instruction', {}],
  ] as const)(
    'says what the fault was, where, and of which address: %s, %s',
    async (board, word, cause, more) => {
      await withRemote(`${board}/crash`, { deterministic: true, board }, async (rproc, log) => {
        const channel = await rproc.channel('crash')
        await channel.send(word)
        await expect(channel.receive()).rejects.toMatchObject({ code: 'ERR_CRASHED' })
        const crash = { kind: 'fault', cause, pc: expect.any(Number), ...more }
        expect(log).toContainEqual(
          expect.objectContaining({ type: 'crashed', crash: expect.objectContaining(crash) }),
        )
        await rproc.shutdown()
        await rproc.boot()
        const again = await rproc.channel('crash')
        await again.send('back')
        expect((await again.receive()).text()).toBe('back')
      })
    },
  )

  test('or with which code it ended', async () => {
    await withRemote('mps2-an386/crash', { deterministic: true }, async (rproc) => {
      const channel = await rproc.channel('crash')
      await channel.send('fail 9')
      await expect(channel.receive()).rejects.toThrow(/the remote failed with code 9 at pc 0x/)
    })
  })
})

test.each(['mps2-an386', 'zynqmp-r5'])('the tick of %s goes with virtual time', async (board) => {
  await withRemote(`${board}/ticker`, { deterministic: true, board }, async (rproc) => {
    const channel = await rproc.channel('ticker')
    await channel.send('bind')
    await channel.receive()
    const begin = rproc.processor.clock.now()
    const counts: number[] = []
    for (let i = 0; i < 5; i++) counts.push((await channel.receive()).data[0] ?? 0)
    expect(counts).toEqual([1, 2, 3, 4, 5])
    expect(Math.round((rproc.processor.clock.now() - begin) / 1e6 / 100)).toBe(5)
  })
})

test('a Cortex-R5 sends and receives without a copy', async () => {
  const options = { deterministic: true, board: 'zynqmp-r5' }
  await withRemote('zynqmp-r5/ping-pong', options, async (rproc) => {
    const channel = await rproc.channel('ping-pong')
    await channel.send(Uint8Array.of(1, 2, 255))
    expect([...(await channel.receive()).data]).toEqual([2, 3, 0])
  })
})

test("RPMsg-Lite's layout lies in the board's own window", async () => {
  const rproc = await Remoteproc.init({
    firmware: file(image('mps2-an386/rpmsg-lite')),
    machine: emulated({ deterministic: true }),
    ...rpmsgLite({ base: 0x6800_0000, count: 16, align: 0x1000, vringSize: 0x8000 }),
  })
  try {
    await rproc.boot()
    const channel = await rproc.channel('rpmsg-lite-echo')
    await channel.send('lite')
    expect((await channel.receive()).text()).toBe('lite')
  } finally {
    await rproc.deinit()
  }
})

describe('openamp boards', () => {
  test('lists what there is', async () => {
    const { stdout, code } = await openamp(['boards'])
    expect(code).toBe(0)
    const chips = ['stm32mp15-m4', 'imx8mp-m7', 'am62-m4', 'zynqmp-r5']
    for (const name of ['virt-rv32', 'mps2-an386', 'mps2-an505', ...chips]) {
      expect(stdout).toMatch(new RegExp(`^${name} +\\S`, 'm'))
    }
  })

  test('gives the schema that the package has', async () => {
    const { stdout } = await openamp(['boards', '--schema'])
    const packed = new URL('../../schema/board.schema.json', import.meta.url)
    expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync(packed, 'utf8')))
  })

  test('shows one as JSON, on which an image runs as on the board itself', async () => {
    const { stdout: json } = await openamp(['boards', 'mps2-an386', '--json'])
    const board = imageFile('board.json', json)
    const run = async (which: string) =>
      await openamp(['run', image('mps2-an386/echo'), '--json', '--board', which])
    const [named, described] = [await run('mps2-an386'), await run(board)]
    expect(described.code).toBe(0)
    expect(described.stdout).toBe(named.stdout)
  })

  test.each([
    ['nope', /there is no board "nope"; there are virt-rv32, /],
    ['./nope.json', /^openamp: \.\/nope\.json: cannot be read: there is no such file$/m],
    [imageFile('bad.json', '{"name": 1}'), /bad\.json: name: expected a string, found 1/],
  ])('what is no board is an error in usage: %s', async (board, message) => {
    const { stderr, code } = await openamp(['run', image('echo'), '--board', board])
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
  })

  test('an image for another core is refused', async () => {
    const { stderr, code } = await openamp(['run', image('echo'), '--board', 'mps2-an386'])
    expect(code).toBe(3)
    expect(stderr).toBe(
      'openamp: echo.elf: expected a 32-bit Arm image, for board mps2-an386, found 32-bit RISC-V; try virt-rv32\n',
    )
  })
})
