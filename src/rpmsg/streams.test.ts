import { expect, test } from 'vitest'
import { type ConnectedOptions, connected, pattern, settle } from '../../test/support/link.js'
import { OpenampError } from '../base/errors.js'

const text = new TextDecoder()
const flowing = { here: { flowControl: true }, there: { flowControl: true } }

/** A link that delivers by itself. */
async function live(options: ConnectedOptions = {}) {
  const link = await connected({ ...options, schedule: (deliver) => setImmediate(deliver) })
  await settle()
  await settle()
  return link
}

async function collect(readable: ReadableStream<Uint8Array>): Promise<string[]> {
  const all: string[] = []
  for await (const chunk of readable) all.push(text.decode(chunk))
  return all
}

test('a readable gives each message as a chunk, and closes when the peer ends the channel', async () => {
  const { here, there, deliver } = await connected()
  const reading = collect(here.readable)
  for (const message of ['a', '', 'c']) await there.send(message)
  there.close()
  deliver()
  expect(await reading).toEqual(['a', '', 'c'])
})

test('a writable sends each chunk as a message, bytes or text', async () => {
  const { here, there, deliver } = await connected()
  const writer = here.writable.getWriter()
  await writer.write('text')
  await writer.write(Uint8Array.of(1, 2))
  await writer.close()
  deliver()
  expect((await there.receive()).text()).toBe('text')
  expect((await there.receive()).data).toEqual(Uint8Array.of(1, 2))
  expect(here.closed).toBe(false)
})

test('a channel is a pair to pipe through', async () => {
  const link = await connected()
  const { here, there, deliver } = link
  there.onMessage((message) => void there.trySend(message.text().toUpperCase()))
  const source = new ReadableStream<string>({
    start: (controller) => {
      for (const word of ['one', 'two']) controller.enqueue(word)
      controller.close()
    },
  })
  const answers = source.pipeThrough(here).getReader()
  await settle()
  deliver()
  expect(text.decode((await answers.read()).value)).toBe('ONE')
  expect(text.decode((await answers.read()).value)).toBe('TWO')
})

test.each([
  ['flow control', flowing],
  ['the ring, where the peer has no flow control', { here: { queue: 4 } }],
])('a slow reader holds the writer back by %s, and nothing is lost', async (_, options) => {
  const { here, there, host } = await live({
    ...options,
    here: { queue: 4, ...options.here },
    num: 4,
  })
  const writer = there.writable.getWriter()
  let written = 0
  const writing = (async () => {
    for (let i = 0; i < 200; i++) {
      await writer.write(`${i}`)
      written++
    }
    there.close()
  })()
  const { readable } = here
  for (let i = 0; i < 30; i++) await settle()
  expect(written).toBeLessThan(16)
  expect(await collect(readable)).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`))
  await writing
  expect([host.stats.dropped, host.stats.rxHeld]).toEqual([0, 0])
})

test('a chunk that does not fit a buffer is refused', async () => {
  const { here } = await connected()
  const writer = here.writable.getWriter()
  await expect(writer.write(pattern(497))).rejects.toMatchObject({ code: 'ERR_MESSAGE_SIZE' })
})

test('with maxMessageSize a chunk may be larger', async () => {
  const options = { maxMessageSize: 10_000 }
  const { here, there } = await live({ here: options, there: options })
  const writer = here.writable.getWriter()
  const [, { value }] = await Promise.all([
    writer.write(pattern(5000)),
    there.readable.getReader().read(),
  ])
  expect(value).toEqual(pattern(5000))
})

test('streams of bytes cut what is written, and have no empty chunks', async () => {
  const { here, there } = await live({ num: 4 })
  const { writable } = here.streams({ bytes: true })
  const { readable } = there.streams({ bytes: true })
  const sending = (async () => {
    const writer = writable.getWriter()
    await writer.write(pattern(10_000))
    await here.send('')
    await writer.write(pattern(3, 9))
    await settle()
    here.close()
    await settle()
    there.close()
  })()
  const chunks: Uint8Array[] = []
  for await (const chunk of readable) chunks.push(chunk)
  await sending
  expect(Buffer.concat(chunks)).toEqual(Buffer.concat([pattern(10_000), pattern(3, 9)]))
  expect(chunks.every(({ length }) => length > 0)).toBe(true)
})

test('the end of the link puts both streams in error', async () => {
  const { here, host } = await connected({ num: 1 })
  const reading = here.readable.getReader().read()
  const writer = here.writable.getWriter()
  const writes = [writer.write('x'), writer.write('y')]
  await settle()
  host.close(new OpenampError('ERR_CRASHED', 'remote crashed'))
  const crashed = { status: 'rejected', reason: { code: 'ERR_CRASHED' } }
  expect(await Promise.allSettled([reading, writes[1]])).toMatchObject([crashed, crashed])
})

test('cancel gives back what was queued and leaves the channel to others', async () => {
  const { here, there, host, deliver } = await connected({ here: { queue: 1 } })
  const { readable } = here
  const reader = readable.getReader()
  const pending = reader.read()
  for (const message of ['a', 'b', 'c', 'd']) there.trySend(message)
  deliver()
  await pending
  expect(host.stats.rxHeld).toBeGreaterThan(0)
  await reader.cancel()
  expect(host.stats.rxHeld).toBe(0)
  there.trySend('e')
  deliver()
  expect((await here.receive()).text()).toBe('e')
})

test('cancel ends a read that waits', async () => {
  const { here, host } = await connected()
  const reader = here.readable.getReader()
  const pending = reader.read()
  await reader.cancel()
  expect(await pending).toMatchObject({ done: true })
  expect(host.waits.count()).toBe(0)
})

test('abort ends a write that waits for the ring', async () => {
  const { here, host, deliver } = await connected({ num: 1 })
  const writer = here.writable.getWriter()
  const writes = Promise.allSettled([writer.write('x'), writer.write('y')])
  await settle()
  await writer.abort(new Error('mine'))
  expect((await writes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  expect(host.waits.count()).toBe(0)
  deliver()
})

test('a channel that shall hold what finds its queue full still does so after a stream was cancelled', async () => {
  const { here, there, host, deliver } = await connected({ here: { queue: 1, overflow: 'hold' } })
  await here.readable.cancel()
  for (const message of ['a', 'b', 'c']) there.trySend(message)
  deliver()
  expect([here.stats.held, host.stats.dropped]).toEqual([2, 0])
})
