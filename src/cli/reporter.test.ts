import { expect, test } from 'vitest'
import { buildElf } from '../firmware/build-elf.js'
import {
  buildResourceTable,
  type EntrySpec,
  readElf,
  readResourceTable,
} from '../firmware/index.js'
import { plainPaint } from './paint.js'
import { TextReporter } from './reporter.js'

/** A reporter that follows the traces of an image with these entries, and the lines that it says. */
function following(entries: readonly EntrySpec[], followTrace = true) {
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  const reporter = new TextReporter({
    ...{ status: write, out: write, paint: plainPaint, followTrace, hex: false },
  })
  const segments = [{ vaddr: 0x1000, data: new Uint8Array(8) }]
  const table = readResourceTable(buildResourceTable(entries), 'table')
  reporter.loaded(readElf(buildElf({ entry: 0x1000, segments })), table)
  lines.length = 0
  const trace = (buffer: string, text: string) =>
    reporter.event({ type: 'trace', time: 0, buffer, text })
  return { reporter, lines, trace }
}

const buffer = (name: string): EntrySpec => ({ kind: 'trace', name, da: 0x2000, len: 64 })

test('the lines of several trace buffers are kept apart, each with the buffer’s name', () => {
  const { lines, trace } = following([buffer('log'), buffer('audit')])
  trace('log', 'hel')
  trace('audit', 'opened\n')
  trace('log', 'lo\n')
  expect(lines).toEqual(['audit │ opened', 'log │ hello'])
})

test('one trace buffer is just the trace', () => {
  const { lines, trace } = following([buffer('log')])
  trace('log', 'hello\n')
  expect(lines).toEqual(['trace │ hello'])
})

test('the last words of a crash are told by the buffer that they came from', () => {
  const { reporter, lines, trace } = following([buffer('log'), buffer('audit')], false)
  trace('log', 'one\n')
  trace('audit', 'no end')
  const crash = { reason: 'a reason', kind: 'failure' } as const
  reporter.event({ type: 'crashed', time: 0, reason: 'a reason', crash })
  expect(lines).toEqual(['log │ one', 'audit │ no end', 'crashed  a reason  0 ns'])
})

test('the last words of a crash are not told again with the next one', () => {
  const { reporter, lines, trace } = following([buffer('log')], false)
  trace('log', 'first life\n')
  const crash = { reason: 'a reason', kind: 'failure' } as const
  reporter.event({ type: 'crashed', time: 0, reason: 'a reason', crash })
  lines.length = 0
  trace('log', 'second life\n')
  reporter.event({ type: 'crashed', time: 0, reason: 'a reason', crash })
  expect(lines).toEqual(['trace │ second life', 'crashed  a reason  0 ns'])
})
