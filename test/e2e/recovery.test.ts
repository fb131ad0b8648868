import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Remoteproc, type RemoteprocEvent } from '../../dist/index.js'
import { emulated } from '../../dist/machines/index.js'
import { coredumpFile, file } from '../../dist/node.js'
import { events, image, openamp } from './command.js'
import { machines } from './machines.js'

const folder = mkdtempSync(join(tmpdir(), 'recovery-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe.each(machines)('a remote that crashes %s', (name, options) => {
  test('is dumped and recovered, and its channel comes back', async () => {
    const heard: RemoteprocEvent[] = []
    const core = join(folder, name)
    const rproc = await Remoteproc.init({
      firmware: file(image('crash')),
      machine: emulated({ ...options, ramSize: 0x10_0000 }),
      recovery: 'enabled',
      coredump: coredumpFile(core),
      observer: (event) => heard.push(event),
    })
    await rproc.boot()
    const channel = await rproc.channel('crash', { persist: true })
    const crashed = new Promise<RemoteprocEvent>((resolve) => {
      rproc.events.observe((event) => event.type === 'crashed' && resolve(event))
    })
    await channel.send('illegal')
    expect(await crashed).toMatchObject({
      crash: { kind: 'fault', cause: 'illegal instruction', place: { name: 'on_message' } },
    })
    await channel.send('back')
    expect((await channel.receive()).text()).toBe('back')
    await rproc.deinit()
    const dump = readFileSync(core)
    expect(heard.find(({ type }) => type === 'coredump')).toMatchObject({ size: dump.length })
    // struct elf_prstatus behind the file header, three program headers, and the note's own header:
    // SIGILL, and the pc of the instruction at fault.
    const descriptor = 52 + 3 * 32 + 12 + 8
    expect(dump.readUInt16LE(descriptor + 12)).toBe(4)
    const event = await crashed
    const pc = event.type === 'crashed' ? event.crash.pc : undefined
    expect(dump.readUInt32LE(descriptor + 72)).toBe(pc)
  })

  test('because it hangs is seen by its heartbeat', async () => {
    await using rproc = await Remoteproc.init({
      firmware: file(image('watched')),
      machine: emulated(options),
      // Much longer than a busy machine keeps a thread waiting: a crash before the hang would be another story.
      heartbeat: { within: 1000 },
      recovery: 'enabled',
    })
    await rproc.boot()
    const channel = await rproc.channel('watched', { persist: true })
    const crashed = new Promise<RemoteprocEvent>((resolve) => {
      rproc.events.observe((event) => event.type === 'crashed' && resolve(event))
    })
    await channel.send('hang')
    expect(await crashed).toMatchObject({ crash: { kind: 'heartbeat' } })
    await channel.send('back')
    expect((await channel.receive()).text()).toBe('back')
  })

  test('because it hangs is seen by the watchdog of the machine', async () => {
    await using rproc = await Remoteproc.init({
      firmware: file(image('watched')),
      machine: emulated({ ...options, watchdog: 10 }),
    })
    await rproc.boot()
    const channel = await rproc.channel('watched')
    const crashed = new Promise<RemoteprocEvent>((resolve) => {
      rproc.events.observe((event) => event.type === 'crashed' && resolve(event))
    })
    await channel.send('hang')
    expect(await crashed).toMatchObject({ crash: { kind: 'watchdog', place: { name: 'spin' } } })
  })
})

describe('openamp run', () => {
  test('--recovery goes on with the console after a crash', async () => {
    const args = ['run', image('crash'), '--attach', 'crash', '--recovery', '--json']
    const { code, stdout } = await openamp(args, { input: 'one\nillegal\ntwo\n' })
    const told = events(stdout)
    expect(told.filter(({ event }) => event === 'message')).toMatchObject([
      { text: 'one' },
      { text: 'two' },
    ])
    expect(told.find(({ event }) => event === 'crashed')).toMatchObject({
      kind: 'fault',
      cause: 'illegal instruction',
      pc: expect.any(Number),
      place: { name: 'on_message' },
    })
    expect(told.find(({ event }) => event === 'recovering')).toMatchObject({ attempt: 1, delay: 0 })
    expect(code).toBe(0)
  })

  test('--recovery-attempts gives the remote up after so many crashes', async () => {
    const args = ['run', image('crash'), '--attach', 'crash', '--recovery-attempts', '1', '--json']
    const { code, stdout } = await openamp(args, { input: 'illegal\nillegal\nlost\n' })
    const told = events(stdout)
    expect(told.filter(({ event }) => event === 'recovering')).toHaveLength(1)
    expect(told.filter(({ event }) => event === 'crashed')).toHaveLength(2)
    expect(code).toBe(1)
  })

  test('--coredump leaves a core file, and the crash is still the exit code', async () => {
    const core = join(folder, 'run.core')
    const args = ['run', image('crash'), '--attach', 'crash', '--coredump', core]
    const { code, stderr } = await openamp(args, { input: 'load\n' })
    expect(stderr).toMatch(/coredump {2}48 MiB written/)
    expect(readFileSync(core).subarray(0, 4)).toEqual(Buffer.from('\x7fELF'))
    expect(code).toBe(1)
  })

  test('--coredump into a folder that there is not says so', async () => {
    const args = ['run', image('crash'), '--attach', 'crash', '--coredump', `${folder}/no/core`]
    const { code, stderr } = await openamp(args, { input: 'load\n' })
    expect(stderr).toMatch(/the coredump could not be written: ENOENT/)
    expect(code).toBe(1)
  })

  test.each([
    ['--watchdog', 'crash', 'hang', 'watchdog'],
    ['--heartbeat', 'watched', 'doze', 'heartbeat'],
  ])('%s ends a remote that hangs', async (option, name, how, kind) => {
    const args = ['run', image(name), '--attach', name, option, '20']
    const { code, stderr } = await openamp(args, { input: `${how}\n` })
    expect(stderr).toMatch(new RegExp(`crashed {2}${kind}`))
    expect(code).toBe(1)
  })

  test('--recovery is refused where files are served', async () => {
    const args = ['run', image('rpc'), '--recovery', '--proxy-root', folder]
    const { code, stderr } = await openamp(args)
    expect(stderr).toMatch(/^openamp: --recovery and --proxy-root exclude each other: .*\n$/)
    expect(code).toBe(2)
  })
})
