import { expect, test } from 'vitest'
import { Region } from '../memory/region.js'
import { TraceReader } from './trace.js'

const SIZE = 32

/** A trace buffer and a remote that writes to it. */
function buffer(withEnd: boolean) {
  const region = new Region({ name: 'trace', da: 0, size: SIZE })
  const reader = new TraceReader('trace0', { region, offset: 0 }, SIZE)
  let at = 0
  const write = (text: string): void => {
    for (const byte of Buffer.from(text)) {
      region.bytes[at] = byte
      at = (at + 1) % SIZE
      if (withEnd) region.bytes[at] = 0
    }
  }
  return { reader, region, write }
}

test.each([true, false])(
  'what was written since the last look, with a NUL behind it: %s',
  (withEnd) => {
    const { reader, write } = buffer(withEnd)
    expect(reader.read()).toBe('')
    write('one\n')
    expect(reader.read()).toBe('one\n')
    expect(reader.read()).toBe('')
    write('two\n')
    write('three\n')
    expect(reader.read()).toBe('two\nthree\n')
  },
)

test.each([true, false])('a log that goes round is followed round, NUL: %s', (withEnd) => {
  const { reader, write } = buffer(withEnd)
  let read = ''
  let written = ''
  for (let i = 0; i < 100; i++) {
    const line = `line ${i}\n`
    write(line)
    written += line
    read += reader.read()
  }
  // Without a NUL, bytes that equal those of the round before show with the next that differ.
  if (!withEnd) read += written.slice(read.length, read.length + 1)
  expect(read).toBe(written)
})

test('a buffer that is full to its last byte is read whole', () => {
  const { reader, write } = buffer(false)
  write('x'.repeat(SIZE))
  expect(reader.read()).toBe('x'.repeat(SIZE))
})

test('what an earlier life has left is no news', () => {
  const { reader, region, write } = buffer(true)
  write('old\n')
  region.bytes.fill(0)
  reader.restart()
  expect(reader.read()).toBe('')
})

test('bytes that are no text do not end the reading', () => {
  const { reader, region } = buffer(true)
  region.bytes.set([0xff, 0xfe, 0x41])
  expect(reader.read()).toBe('\ufffd\ufffdA')
})

test('a character of which a look saw only the first bytes is one character', () => {
  const { reader, region } = buffer(true)
  let read = ''
  Buffer.from('größer €').forEach((byte, at) => {
    region.bytes[at] = byte
    read += reader.read()
  })
  expect(read).toBe('größer €')
})

test('all that is in the buffer is given oldest first', () => {
  const { reader, write } = buffer(true)
  write('first\n')
  expect(reader.text()).toBe('first\n')
  const lines = Array.from({ length: 6 }, (_, i) => `line ${i}\n`)
  for (const line of lines) write(line)
  // One byte is the NUL behind the newest.
  expect(reader.text()).toBe(lines.join('').slice(1 - SIZE))
  reader.read()
  expect(reader.text()).toHaveLength(31)
})

test('a buffer without any NUL is given as it stands', () => {
  const { reader, region } = buffer(false)
  region.bytes.fill(0x78)
  expect(reader.text()).toBe('x'.repeat(SIZE))
})

test('a reader says where its buffer is', () => {
  expect(buffer(true).reader).toMatchObject({ name: 'trace0', da: 0, size: SIZE })
})
