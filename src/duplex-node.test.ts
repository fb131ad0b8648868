import { once } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { type ConnectedOptions, connected, pattern, settle } from '../test/support/link.js'
import { OpenampError } from './base/errors.js'
import { duplex } from './duplex-node.js'

async function live(options: ConnectedOptions = {}) {
  const link = await connected({ ...options, schedule: (deliver) => setImmediate(deliver) })
  await settle()
  return link
}

function sink(chunks: Buffer[]): Writable {
  return new Writable({
    write: (chunk: Buffer, _, done) => {
      chunks.push(chunk)
      setImmediate(done)
    },
  })
}

test('bytes are piped through a channel, cut to its buffers, and nothing is lost', async () => {
  const { here, there, host, remote } = await live({ num: 4, there: { queue: 2 } })
  const sent = Array.from({ length: 40 }, (_, i) => Buffer.from(pattern(5000, i)))
  const got: Buffer[] = []
  const receiving = pipeline(duplex(there), sink(got))
  const sending = duplex(here)
  await pipeline(Readable.from(sent), sending, { end: false })
  while (Buffer.concat(got).length < 40 * 5000) await settle()
  there.close()
  await receiving
  expect(Buffer.compare(Buffer.concat(got), Buffer.concat(sent))).toBe(0)
  expect([host.stats.dropped, remote.stats.dropped]).toEqual([0, 0])
})

test('in object mode each chunk is one message', async () => {
  const { here, there } = await live()
  const stream = duplex(here, { objectMode: true })
  stream.write('hello')
  stream.write(Buffer.from([1, 2]))
  expect((await there.receive()).text()).toBe('hello')
  expect((await there.receive()).data).toEqual(Uint8Array.of(1, 2))
  await there.send('')
  await there.send('there')
  const got: unknown[] = []
  stream.on('data', (chunk) => got.push(String(chunk)))
  while (got.length < 2) await settle()
  expect(got).toEqual(['', 'there'])
  stream.destroy()
})

test('a slow consumer holds the peer back by flow control', async () => {
  const options = { flowControl: true, queue: 2 }
  const { here, there, host } = await live({ here: options, there: options })
  const stream = duplex(here, { objectMode: true })
  let sent = 0
  const sending = (async () => {
    for (let i = 0; i < 100; i++) {
      await there.send(`${i}`)
      sent++
    }
    there.close()
  })()
  const chunks = stream[Symbol.asyncIterator]()
  expect(String((await chunks.next()).value)).toBe('0')
  for (let i = 0; i < 20; i++) await settle()
  expect([sent < 100, there.stats.paused]).toEqual([true, true])
  const rest: string[] = []
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    rest.push(String(next.value))
  }
  await sending
  expect(rest).toEqual(Array.from({ length: 99 }, (_, i) => `${i + 1}`))
  expect(host.stats.dropped).toBe(0)
})

test('destroy closes the channel, and the end of the channel ends the stream', async () => {
  const { host, remote, deliver } = await live()
  const there = remote.announce('other')
  deliver()
  const here = await host.channel('other')
  const stream = duplex(here)
  stream.resume()
  there.close()
  await once(stream, 'close')
  expect([stream.readableEnded, stream.destroyed, here.closed]).toEqual([true, true, true])

  const again = duplex(remote.announce('third'))
  again.destroy()
  await once(again, 'close')
  expect([...remote.endpoints].map(({ name }) => name)).not.toContain('third')
})

test('the end of the link with an error destroys the stream with it', async () => {
  const { here, host } = await live()
  const stream = duplex(here)
  stream.resume()
  host.close(new OpenampError('ERR_CRASHED', 'remote crashed'))
  const [error] = await once(stream, 'error')
  expect(error).toMatchObject({ code: 'ERR_CRASHED' })
  expect(host.waits.count()).toBe(0)
})

test('a write that fails ends the stream with the error', async () => {
  const { here } = await live()
  const stream = duplex(here, { objectMode: true })
  stream.write(pattern(497))
  const [error] = await once(stream, 'error')
  expect(error).toMatchObject({ code: 'ERR_MESSAGE_SIZE' })
  expect(here.closed).toBe(true)
})
