import { expect, test } from 'vitest'
import { firmwareWith, openVdev } from '../../test/support/firmware.js'
import { PlayedMachine, RAM } from '../../test/support/processor.js'
import { Remoteproc } from './remoteproc.js'

const AT = 0x8000
const SIZE = 64

async function booted() {
  const machine = new PlayedMachine()
  const heard: string[] = []
  const rproc = await Remoteproc.init({
    firmware: firmwareWith([
      openVdev,
      { kind: 'trace', name: 'trace0', da: RAM.da + AT, len: SIZE },
    ]),
    machine,
    observer: (event) => {
      if (event.type === 'trace') heard.push(`${event.buffer}: ${event.text}`)
      if (event.type === 'stopped' || event.type === 'crashed') heard.push(event.type)
    },
  })
  await rproc.boot()
  const { processor } = machine
  const write = (text: string, at = 0) => processor.ram.bytes.set(Buffer.from(text), AT + at)
  return { rproc, processor, heard, write }
}

test('a trace is read as the remote gets on', async () => {
  const { processor, heard, write } = await booted()
  write('one')
  expect(heard).toEqual([])
  processor.listener.progressed()
  write('two', 3)
  processor.listener.progressed()
  expect(heard).toEqual(['trace0: one', 'trace0: two'])
})

test.each([
  ['crashes', 'crashed', (p: PlayedMachine['processor']) => p.listener.crashed('a reason')],
  ['powers itself off', 'stopped', (p: PlayedMachine['processor']) => p.listener.exited()],
])('the last words of a remote that %s come before the news of its end', async (_, type, end) => {
  const { processor, heard, write } = await booted()
  write('last words')
  end(processor)
  await Promise.resolve()
  await Promise.resolve()
  expect(heard).toEqual(['trace0: last words', type])
})

test('what a life has left in the buffer is no news of the next', async () => {
  const { rproc, processor, heard, write } = await booted()
  write('old')
  await rproc.shutdown({ deadline: 0 })
  // Written by nobody whom anybody follows.
  write('between lives')
  await rproc.boot()
  heard.length = 0
  processor.listener.progressed()
  write('new')
  processor.listener.progressed()
  expect(heard).toEqual(['trace0: new'])
})

test('several buffers are followed each by its name, with the time at which their text came', async () => {
  const machine = new PlayedMachine()
  const heard: unknown[] = []
  const rproc = await Remoteproc.init({
    firmware: firmwareWith([
      { kind: 'trace', name: 'log', da: RAM.da + AT, len: SIZE },
      openVdev,
      { kind: 'trace', name: 'audit', da: RAM.da + AT + SIZE, len: 2 * SIZE },
    ]),
    machine,
    observer: ({ time, ...event }) => {
      if (event.type === 'trace') heard.push([time, event.buffer, event.text])
    },
  })
  await rproc.boot()
  const { processor } = machine
  const write = (at: number, text: string) => {
    processor.ram.bytes.set(Buffer.from(text), AT + at)
    processor.listener.progressed()
  }
  processor.clock.advanceTo(5000)
  write(SIZE, 'opened\n')
  processor.clock.advanceTo(7000)
  write(0, 'hello\n')
  write(SIZE + 7, 'closed\n')
  expect(heard).toEqual([
    [5000, 'audit', 'opened\n'],
    [7000, 'log', 'hello\n'],
    [7000, 'audit', 'closed\n'],
  ])
  processor.listener.crashed('a reason')
  expect(rproc.traces.map((trace) => [trace.name, trace.text()])).toEqual([
    ['log', 'hello\n'],
    ['audit', 'opened\nclosed\n'],
  ])
})

test.each([
  ['no address', 0xffff_ffff, SIZE],
  ['no length', RAM.da, 0],
])('a trace buffer of %s is passed over, with a note', async (_, da, len) => {
  const notes: string[] = []
  const rproc = await Remoteproc.init({
    firmware: firmwareWith([openVdev, { kind: 'trace', name: 'log', da, len }]),
    machine: new PlayedMachine(),
    observer: (event) => event.type === 'note' && notes.push(event.text),
  })
  expect(rproc.traces).toEqual([])
  expect(notes).toEqual(['trace buffer log has no address or no length: nobody follows it'])
})

test('a trace buffer that lies in no memory is refused', async () => {
  const firmware = firmwareWith([openVdev, { kind: 'trace', name: 'log', da: 16, len: 16 }])
  await expect(Remoteproc.init({ firmware, machine: new PlayedMachine() })).rejects.toMatchObject({
    code: 'ERR_MEMORY',
    message: expect.stringContaining('trace buffer log'),
  })
})
