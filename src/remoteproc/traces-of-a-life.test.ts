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

test('a trace buffer that lies in no memory is refused', async () => {
  const firmware = firmwareWith([openVdev, { kind: 'trace', name: 'log', da: 16, len: 16 }])
  await expect(Remoteproc.init({ firmware, machine: new PlayedMachine() })).rejects.toMatchObject({
    code: 'ERR_MEMORY',
    message: expect.stringContaining('trace buffer log'),
  })
})
