import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emulated } from '../../src/machines/index.js'
import { coredumpFile, file } from '../../src/node.js'
import { Remoteproc, type RemoteprocEvent } from '../../src/remoteproc/index.js'
import { needsTool } from '../tools.js'

const image = fileURLToPath(new URL('../../firmware/images/crash.elf', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'coredump-'))
const core = join(folder, 'core')
const events: RemoteprocEvent[] = []

beforeAll(async () => {
  const rproc = await Remoteproc.init({
    firmware: file(image),
    machine: emulated({ deterministic: true, ramSize: 0x10_0000 }),
    coredump: coredumpFile(core),
    observer: (event) => events.push(event),
  })
  await rproc.boot()
  const channel = await rproc.channel('crash')
  await channel.send('load')
  await channel.receive().catch(() => {})
  await rproc.deinit()
})

afterAll(() => rmSync(folder, { recursive: true }))

async function run(tool: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(tool, args, { env: { ...process.env, LC_ALL: 'C' } })
  return stdout
}

test('is written whole before deinit returns, and nothing else is left', () => {
  expect(readdirSync(folder)).toEqual(['core'])
  const size = readFileSync(core).length
  expect(events.findLast(({ type }) => type === 'coredump')).toMatchObject({ size })
})

const readelf = needsTool('readelf', 'binutils', 2)

describe.skipIf(readelf === undefined)('readelf', () => {
  const tool = readelf ?? ''

  test('finds an ELF core with one segment a memory region, as Linux writes them', async () => {
    const text = await run(tool, '-hlW', core)
    expect(text).toMatch(/Class:\s+ELF32/)
    expect(text).toMatch(/Type:\s+CORE/)
    expect(text).toMatch(/Machine:\s+RISC-V/)
    expect(text).toMatch(/LOAD +0x\w+ 0x80000000 0x80000000 0x100000 0x100000 RWE 0\n/)
    expect(text).toMatch(/LOAD +0x\w+ 0x18000000 0x18000000 0x1000000 0x1000000 RWE 0\n/)
    expect(text.match(/^ +LOAD/gm)).toHaveLength(2)
  })

  test('finds the registers as a note', async () => {
    expect(await run(tool, '-nW', core)).toMatch(/CORE\s+0x000000cc\s+NT_PRSTATUS/)
  })
})

const gdb = needsTool('gdb-multiarch', 'gdb-multiarch', 2)

describe.skipIf(gdb === undefined)('gdb', () => {
  const ask = (...commands: string[]): Promise<string> =>
    run(gdb ?? '', '-nx', '-batch', ...commands.flatMap((c) => ['-ex', c]), image, core)

  test('says what has happened, and where', async () => {
    const text = await ask('info registers pc sp', 'bt')
    expect(text).toContain('Program terminated with signal SIGSEGV')
    const crash = events.find((event) => event.type === 'crashed')
    const pc = crash?.type === 'crashed' ? crash.crash.pc : undefined
    expect(text).toMatch(new RegExp(`^pc +0x${pc?.toString(16)}`, 'm'))
    expect(text).toMatch(/^#0 .*\bon_message|obey|read_address_0/m)
  })

  test('reads the memory of the remote', async () => {
    const text = await ask('x/s &trace_buffer', 'x/4xw &trap_frame')
    expect(text).toContain('crash: booted')
  })
})
