import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Recordings } from '../../src/cli/recordings.js'
import type { CpuProfile } from '../../src/debug/profiler.js'
import { emulated } from '../../src/machines/index.js'
import { file } from '../../src/node.js'
import { Remoteproc } from '../../src/remoteproc/index.js'
import { needsTool } from '../tools.js'
import { buildWithLines } from './gdb.js'

const compiler = needsTool('riscv64-unknown-elf-gcc', 'gcc-riscv64-unknown-elf', 4)
const folder = mkdtempSync(join(tmpdir(), 'recordings-'))
const source = fileURLToPath(new URL('../../firmware/crash/crash.c', import.meta.url))
afterAll(() => rmSync(folder, { recursive: true }))

interface Recorded {
  readonly profile: CpuProfile
  readonly coverage: string
  readonly trace: readonly string[]
  readonly reason: string
}

/** Echoes a message, then executes an illegal instruction; the image is `crash.elf` in `folder`. */
async function record(folder: string, memory: { ramSize?: number } = {}): Promise<Recorded> {
  const paths = {
    profile: join(folder, 'run.cpuprofile'),
    coverage: join(folder, 'lcov.info'),
    trace: join(folder, 'trace'),
  }
  const recordings = new Recordings(paths, () => {})
  let reason = ''
  const rproc = await Remoteproc.init({
    firmware: file(join(folder, 'crash.elf')),
    machine: emulated({ debug: recordings, deterministic: true, ...memory }),
    observer: (event) => {
      if (event.type === 'crashed') reason = event.reason
    },
  })
  recordings.begin(rproc.image)
  await rproc.boot()
  const channel = await rproc.channel('crash')
  await channel.send('hello')
  await channel.receive()
  await channel.send('illegal')
  await channel.receive().catch(() => {})
  await rproc.deinit()
  recordings.finish()
  const text = (path: string): string => readFileSync(path, 'utf8')
  return {
    profile: JSON.parse(text(paths.profile)),
    coverage: text(paths.coverage),
    trace: text(paths.trace).trimEnd().split('\n'),
    reason,
  }
}

describe.skipIf(compiler === undefined)('of a run', () => {
  let first: Recorded
  beforeAll(async () => {
    buildWithLines(folder, 'crash')
    first = await record(folder, { ramSize: 0x10_0000 })
  }, 120_000)

  test('the CPU profile is what Chrome reads, with the calls as they were', () => {
    const { nodes, samples, timeDeltas, startTime, endTime } = first.profile
    const ids = new Set(nodes.map(({ id }) => id))
    expect(nodes.flatMap(({ children }) => children).every((id) => ids.has(id))).toBe(true)
    expect(samples.every((id) => ids.has(id))).toBe(true)
    expect(timeDeltas).toHaveLength(samples.length)
    expect(timeDeltas.every((delta) => delta >= 0)).toBe(true)
    // Chrome takes 0 for no time, and shows nothing.
    expect(startTime).toBeGreaterThan(0)
    expect(startTime + timeDeltas.reduce((sum, delta) => sum + delta, 0)).toBeLessThanOrEqual(
      endTime,
    )
    expect(nodes.reduce((sum, { hitCount }) => sum + hitCount, 0)).toBe(samples.length)
    const parentOf = new Map(
      nodes.flatMap((node) => node.children.map((id) => [id, node] as const)),
    )
    const stackOf = (name: string): string[] => {
      const stack: string[] = []
      let node = nodes.find(({ callFrame }) => callFrame.functionName === name)
      for (; node !== undefined; node = parentOf.get(node.id))
        stack.push(node.callFrame.functionName)
      return stack
    }
    expect(stackOf('on_link_up')).toEqual([
      ...['on_link_up', 'remote_run', 'main', '_start', '(root)'],
    ])
    const main = nodes.find(({ callFrame }) => callFrame.functionName === 'main')
    expect(main?.callFrame).toMatchObject({ url: source, columnNumber: 0 })
  })

  test('the coverage says how often each line was executed', () => {
    const [record = ''] = first.coverage
      .split('end_of_record\n')
      .filter((text) => text.includes(`SF:${source}\n`))
    expect(record).toMatch(/^FN:\d+,main\n/m)
    expect(record).toMatch(/^FNDA:1,main\n/m)
    expect(record).toMatch(/^FNDA:2,on_message\n/m)
    expect(record).toMatch(/^DA:\d+,0$/m)
    const counts = [...record.matchAll(/^DA:\d+,(\d+)$/gm)].map(([, count]) => Number(count))
    expect(record).toContain(`LF:${counts.length}\n`)
    expect(record).toContain(`LH:${counts.filter((count) => count > 0).length}\n`)
  })

  test('the trace has each instruction in its cycle', () => {
    expect(first.trace[0]).toMatch(
      /^ +0 {2}80000000 {2}30401073 {2}csrw mie,zero {2}; _start\+0x0$/,
    )
    const cycles = first.trace.map((line) => Number.parseInt(line, 10))
    expect(cycles.every((cycle, i) => i === 0 || cycle > (cycles[i - 1] ?? 0))).toBe(true)
    // The handler begins with the exception.
    expect(first.trace.some((line) => /! \w+ .*; trap_entry\+0x0$/.test(line))).toBe(true)
  })

  test('the crash report names file and line', () => {
    expect(first.reason).toMatch(
      /illegal instruction at pc 0x\w+ \(\w+\+0x\w+, crash\/crash\.c:\d+\)/,
    )
  })

  test('all of it is the same in the next run', async () => {
    expect(await record(folder, { ramSize: 0x10_0000 })).toEqual(first)
  })
})

const armCompiler = needsTool('arm-none-eabi-gcc', 'gcc-arm-none-eabi', 4)

describe.skipIf(armCompiler === undefined)('of a run on a Cortex-M', () => {
  let run: Recorded
  beforeAll(async () => {
    const arm = join(folder, 'arm')
    buildWithLines(arm, 'crash', 'BOARD=mps2-an386')
    run = await record(arm)
  }, 120_000)

  test('the CPU profile has the calls as they were', () => {
    const { nodes } = run.profile
    const nameOf = (id: number): string | undefined =>
      nodes.find((node) => node.id === id)?.callFrame.functionName
    const calls = nodes.flatMap(({ callFrame, children }) =>
      children.map((id) => `${callFrame.functionName} > ${nameOf(id)}`),
    )
    expect(calls).toEqual(expect.arrayContaining(['main > remote_run', 'remote_run > on_link_up']))
  })

  test('the coverage says how often each line was executed', () => {
    // Its assembler writes version 3, whose table does not name the folder of the compilation.
    const [record = ''] = run.coverage
      .split('end_of_record\n')
      .filter((text) => text.includes(`SF:${source}\n`))
    expect(record).toMatch(/^FNDA:1,main\n/m)
    expect(record).toMatch(/^FNDA:2,on_message\n/m)
    expect(record).toMatch(/^DA:\d+,0$/m)
  })

  test('the trace has each instruction in its cycle, with its condition in an IT block', () => {
    expect(run.trace[0]).toMatch(/^ +\d+ {2}[\da-f]{8} {2}\w+ +[a-z].* {2}; _start\+0x0$/)
    const after = run.trace.findIndex((line) => / it eq {2};/.test(line)) + 1
    expect(after).toBeGreaterThan(0)
    expect(run.trace[after]).toMatch(/ [a-z]+eq(\.w)? /)
    expect(run.trace.filter((line) => / \.(short|word) /.test(line))).toEqual([])
  })
})
