import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  bringUp,
  driver,
  FakeFile,
  FEATURES,
  FILE_SIZE,
  INBAND,
  LAYOUT,
  memoryTable,
  NEED_REPLY,
  PROTOCOL,
  ringAddresses,
  words,
} from '../../../test/support/vhost-user.js'
import { WallClock } from '../../base/clock.js'
import { isOpenampError, OpenampError } from '../../base/errors.js'
import type { RpmsgDevice } from '../../rpmsg/index.js'
import { type RequestName, requestId } from './message.js'
import { Session } from './session.js'

interface Options {
  readonly protocol?: bigint
  readonly remote?: (rpmsg: RpmsgDevice) => void
}

/** A session and what it says, with a front-end that has no socket. */
function open(remote: (rpmsg: RpmsgDevice) => void = () => {}) {
  const sent: Uint8Array[] = []
  const news: string[] = []
  const files: FakeFile[] = []
  const session = new Session({
    features: 1 + 2 ** 29 + 2 ** 32,
    inband: true,
    clock: new WallClock(),
    send: (bytes) => sent.push(bytes),
    ready: (rpmsg) => {
      news.push('ready')
      remote(rpmsg)
    },
    stopped: (reason) => news.push(`stopped: ${reason.message}`),
    failed: (error) => {
      news.push(`failed: ${error.message}`)
      session.close(error)
    },
  })
  /** Sends one message; returns the payload of the reply, if there was one. */
  const call = (
    name: RequestName | number,
    payload = words(),
    given: readonly FakeFile[] = [],
    flags = 0,
  ): Uint8Array | undefined => {
    files.push(...given)
    const request = typeof name === 'number' ? name : requestId(name)
    const before = sent.length
    session.receive({ request, flags: flags | 1, payload, descriptors: given })
    const reply = sent[before]
    expect(sent.length - before).toBeLessThanOrEqual(1)
    if (reply === undefined) return undefined
    expect(reply.subarray(0, 8)).toEqual(words(request, 5))
    return reply.subarray(12)
  }
  const file = (size = 0): FakeFile => new FakeFile(new ArrayBuffer(size))
  return { session, call, sent, news, files, file }
}

/** A front-end with its driver, all but started: `start` is the first kick. */
function guest({ protocol = PROTOCOL & ~(1n << 16n), remote = echo }: Options = {}) {
  const all = open(remote)
  const { call, file } = all
  const memory = file(FILE_SIZE)
  const backend = file()
  const calls = [file(), file()]
  const kicks = [file(), file()]
  const inband = (protocol & INBAND) !== 0n
  call('SET_OWNER')
  call('SET_PROTOCOL_FEATURES', words(protocol))
  call('SET_FEATURES', words(FEATURES))
  call('SET_BACKEND_REQ_FD', words(), [backend])
  call('SET_MEM_TABLE', memoryTable, [memory, new FakeFile(memory.memory)])
  for (const [name, payload] of bringUp()) call(name, payload)
  for (const i of inband ? [] : [0, 1]) {
    call('SET_VRING_KICK', words(i, 0), [kicks[i] ?? file()])
    call('SET_VRING_CALL', words(i, 0), [calls[i] ?? file()])
  }
  for (const i of [0, 1]) call('SET_VRING_ENABLE', words(i, 1))
  const start = (features?: number): RpmsgDevice =>
    driver(
      memory.memory,
      (queue) => {
        if (inband) call('VRING_KICK', words(queue, 0))
        else kicks[queue]?.raise()
      },
      features,
    )
  return { ...all, memory, backend, calls, kicks, start }
}

function echo(rpmsg: RpmsgDevice): void {
  const channel = rpmsg.announce('echo')
  channel.onMessage((message) => channel.trySend(message.data))
}

test('features, protocol features, queues and configuration are told', () => {
  const { call } = open()
  expect(call('GET_FEATURES')).toEqual(words(FEATURES))
  expect(call('GET_PROTOCOL_FEATURES')).toEqual(words(PROTOCOL | INBAND))
  expect(call('GET_QUEUE_NUM')).toEqual(words(2n))
  expect(call('GET_STATUS')).toEqual(words(0n))
  const asked = Uint8Array.of(...words(4, 2, 0), 7, 7)
  expect(call('GET_CONFIG', asked)).toEqual(Uint8Array.of(...words(4, 2, 0), 0, 0))
})

test('an acknowledgement is given where it was negotiated and is wanted', () => {
  const { call } = open()
  expect(call('SET_OWNER', words(), [], NEED_REPLY)).toBeUndefined()
  expect(call('SET_PROTOCOL_FEATURES', words(1n << 3n), [], NEED_REPLY)).toEqual(words(0n))
  expect(call('SET_OWNER')).toBeUndefined()
  expect(call('SET_OWNER', words(), [], NEED_REPLY)).toEqual(words(0n))
  // A message with a reply of its own has no other.
  expect(call('GET_QUEUE_NUM', words(), [], NEED_REPLY)).toEqual(words(2n))
})

test('notifications in messages: announcement, echo, one call a use', async () => {
  const { start, backend, news } = guest({ protocol: (PROTOCOL | INBAND) & ~(1n << 16n) })
  const host = start()
  backend.onNews = () => host.poll()
  host.poll()
  expect(news).toEqual(['ready'])
  const channel = await host.channel('echo')
  await channel.send('hello')
  expect((await channel.receive()).text()).toBe('hello')
  expect(backend.sent[0]).toEqual(words(4, 1, 8, 0, 0))
})

test.each([
  ['flags', 1],
  ['event index', 1 + 2 ** 29],
])('event descriptors, suppressed by %s: announcement, 1000 echoes', async (_, features) => {
  const { start, calls, call } = guest()
  call('SET_FEATURES', words(BigInt(features) | (1n << 32n) | (1n << 30n)))
  const host = start(features)
  for (const file of calls) file.onNews = () => host.poll()
  host.poll()
  const channel = await host.channel('echo')
  for (let i = 0; i < 1000; i++) {
    await channel.send(`message ${i}`)
    expect((await channel.receive()).text()).toBe(`message ${i}`)
  }
})

test('the link comes up with the first kick of queue 0, not of queue 1', () => {
  const { kicks, news } = guest()
  kicks[1]?.raise()
  expect(news).toEqual([])
  kicks[0]?.raise()
  expect(news).toEqual(['ready'])
})

test('with the device status, the link waits for DRIVER_OK and ends with a reset', () => {
  const { call, news, kicks, start } = guest({ protocol: PROTOCOL })
  start()
  expect(news).toEqual([])
  call('SET_STATUS', words(3n))
  expect(news).toEqual([])
  call('SET_STATUS', words(15n))
  expect([news, call('GET_STATUS')]).toEqual([['ready'], words(15n)])
  call('SET_STATUS', words(0n))
  expect(news).toEqual(['ready', 'stopped: the driver has reset the device'])
  kicks[0]?.raise()
  expect(news.length).toBe(2)
})

test('without protocol features rings are enabled from the start', () => {
  const { call, file, news } = open(echo)
  call('SET_FEATURES', words(1n))
  const memory = file(FILE_SIZE)
  const kick = file()
  call('SET_MEM_TABLE', memoryTable, [memory, new FakeFile(memory.memory)])
  for (const [name, payload] of bringUp()) call(name, payload)
  call('SET_VRING_KICK', words(0, 0), [kick])
  driver(memory.memory, () => kick.raise())
  expect(news).toEqual(['ready'])
})

test.each([
  ['GET_VRING_BASE', [0, 0]],
  ['SET_VRING_ENABLE', [1, 0]],
  ['RESET_OWNER', []],
] as const)('%s ends the link, and the endpoints on it', (name, payload) => {
  let device: RpmsgDevice | undefined
  const { call, news, start } = guest({ remote: (rpmsg) => (device = rpmsg) })
  start()
  call(name, words(...payload))
  expect(news[1]).toContain('stopped: the front-end has')
  expect(() => device?.createEndpoint()).toThrow(expect.objectContaining({ code: 'ERR_STOPPED' }))
})

test('a ring that was stopped goes on where it was', async () => {
  const { call, start, calls, kicks, file, news } = guest()
  const host = start()
  for (const queue of calls) queue.onNews = () => host.poll()
  host.poll()
  const channel = await host.channel('echo')
  for (let i = 0; i < 20; i++) {
    await channel.send('x')
    await channel.receive()
  }
  const bases = [0, 1].map((i) => call('GET_VRING_BASE', words(i, 0)))
  // One announcement and 20 echoes; 20 messages.
  expect(bases).toEqual([words(0, 21), words(1, 20)])
  expect([...calls, ...kicks].map(({ closed }) => closed)).toEqual([1, 1, 1, 1])
  const again = [file(), file()]
  again.forEach((kick, i) => {
    call('SET_VRING_BASE', bases[i])
    call('SET_VRING_KICK', words(i, 0), [kick])
  })
  again[0]?.raise()
  expect(news).toEqual(['ready', 'stopped: the front-end has stopped a ring', 'ready'])
  host.poll()
  // The same address is announced again, so a driver that has kept the channel keeps it.
  await channel.send('after')
  again[1]?.raise()
  host.poll()
  expect((await channel.receive()).text()).toBe('after')
})

test('a ring that was never used is left where it was set', () => {
  const { call, kicks } = guest()
  call('SET_VRING_BASE', words(1, 7))
  kicks[1]?.raise()
  expect(call('GET_VRING_BASE', words(1, 0))).toEqual(words(1, 7))
})

test('memory that is replaced over and over while the link is up ends the connection', () => {
  const { session, call, start, memory, files } = guest()
  start()
  const replace = (): void => {
    call('SET_MEM_TABLE', memoryTable, [memory, new FakeFile(memory.memory)])
  }
  const often = (): void => {
    for (let times = 0; times < 10_000; times++) replace()
  }
  expect(often).toThrow(/16386 regions of 0x[0-9a-f]+ bytes, with the tables that it replaces/)
  session.close(new Error('as the server does'))
  for (const { mapped, released } of files) expect(released).toBe(mapped)
})

test('memory may be added while the link is up; what was replaced goes when it is down', async () => {
  const { call, start, calls, memory, news } = guest()
  const host = start()
  for (const queue of calls) queue.onNews = () => host.poll()
  host.poll()
  const second = new FakeFile(memory.memory)
  call('SET_MEM_TABLE', memoryTable, [second, new FakeFile(memory.memory)])
  expect([memory.released, second.released]).toEqual([0, 0])
  const channel = await host.channel('echo')
  await channel.send('hello')
  expect((await channel.receive()).text()).toBe('hello')
  call('GET_VRING_BASE', words(0, 0))
  expect([memory.released, second.released, news.length]).toEqual([1, 0, 2])
})

test('calls that the channel has no room for are sent once it has, one a queue', async () => {
  const { start, backend } = guest({ protocol: (PROTOCOL | INBAND) & ~(1n << 16n) })
  const host = start()
  host.poll()
  const channel = await host.channel('echo')
  const before = backend.sent.length
  backend.full = true
  for (let i = 0; i < 5; i++) await channel.send('x')
  expect(backend.sent.length).toBe(before)
  backend.full = false
  backend.drained()
  expect(
    backend.sent
      .slice(before)
      .map((bytes) => bytes[12])
      .sort(),
  ).toEqual([0])
  host.poll()
  for (let i = 0; i < 5; i++) expect((await channel.receive()).text()).toBe('x')
})

test('a driver that lies is answered with an error, which ends the session', () => {
  const { start, memory, call, session } = guest({
    protocol: (PROTOCOL | INBAND) & ~(1n << 16n),
  })
  start()
  // avail.idx of queue 1 beyond the ring.
  new DataView(memory.memory).setUint16(0x800 + 0x200 + 2, 100, true)
  expect(() => call('VRING_KICK', words(1, 0), [], NEED_REPLY)).toThrow('avail.idx went from 0')
  session.close(new OpenampError('ERR_PEER', 'closed'))
})

test('with event descriptors, a driver that lies is told through the error event', () => {
  const { start, memory, kicks, call, file, news } = guest()
  const error = file()
  call('SET_VRING_ERR', words(1, 0), [error])
  start()
  new DataView(memory.memory).setUint16(0x800 + 0x200 + 2, 100, true)
  kicks[1]?.raise()
  expect(news[1]).toContain('failed: vring 1: avail.idx went from 0 to 100')
  expect([error.signals, error.closed]).toEqual([1, 1])
})

test('what the front-end has given is closed and released with the session', () => {
  const { session, files, start } = guest()
  start()
  session.close(new Error('over'))
  session.close(new Error('twice'))
  expect(files.map(({ closed }) => closed)).toEqual(files.map(() => 1))
  expect(files.map(({ mapped }) => mapped)).toEqual(files.map(({ released }) => released))
})

const far = 1n << 60n
const page = 4096n
const table = (...fields: readonly bigint[]): Uint8Array => words(1, 0, ...fields)

test.each<[string, RequestName | number, Uint8Array, number]>([
  ['features that were not offered', 'SET_FEATURES', words(1n << 26n), 0],
  ['protocol features that were not offered', 'SET_PROTOCOL_FEATURES', words(2n), 0],
  ['messages without acknowledgement', 'SET_PROTOCOL_FEATURES', words(INBAND | (1n << 5n)), 0],
  ['messages without a channel', 'SET_PROTOCOL_FEATURES', words(INBAND | (1n << 3n)), 0],
  ['a message of no name', 99, words(), 0],
  ['a payload of a wrong size', 'SET_FEATURES', words(1), 0],
  ['a file that belongs to nothing', 'SET_OWNER', words(), 1],
  ['a memory table without files', 'SET_MEM_TABLE', memoryTable, 0],
  ['a memory table of too many files', 'SET_MEM_TABLE', memoryTable, 3],
  ['a region of no bytes', 'SET_MEM_TABLE', table(0n, 0n, 0n, 0n), 1],
  ['a region beyond its file', 'SET_MEM_TABLE', table(0n, page, 0n, BigInt(FILE_SIZE)), 1],
  ['a region larger than its file', 'SET_MEM_TABLE', table(0n, page * 64n, 0n, 0n), 1],
  ['a region of an odd size', 'SET_MEM_TABLE', table(0n, 100n, 0n, 0n), 1],
  ['a region at an odd address', 'SET_MEM_TABLE', table(8n, page, 0n, 0n), 1],
  ['a region at an odd offset', 'SET_MEM_TABLE', table(0n, page, 0n, 8n), 1],
  ['a region of a huge size', 'SET_MEM_TABLE', table(0n, far, 0n, 0n), 1],
  ['a region of the largest size', 'SET_MEM_TABLE', table(0n, 2n ** 52n, 0n, 0n), 1],
  ['a region at a huge address', 'SET_MEM_TABLE', table(far, page, 0n, 0n), 1],
  ['a region at a huge address of its own', 'SET_MEM_TABLE', table(0n, page, far, 0n), 1],
  ['a region at a huge offset', 'SET_MEM_TABLE', table(0n, page, 0n, far), 1],
  [
    'regions that overlap for the guest',
    'SET_MEM_TABLE',
    words(2, 0, ...[0n, page * 2n, 0n, 0n], ...[page, page, page * 9n, 0n]),
    2,
  ],
  [
    'regions that overlap for the front-end',
    'SET_MEM_TABLE',
    words(2, 0, ...[0n, page * 2n, 0n, 0n], ...[page * 9n, page, page, 0n]),
    2,
  ],
  ['a ring of a size that is no power of two', 'SET_VRING_NUM', words(0, 15), 0],
  ['a ring of no size', 'SET_VRING_NUM', words(0, 0), 0],
  ['a ring that is too large', 'SET_VRING_NUM', words(0, 65536), 0],
  ['a third ring', 'SET_VRING_NUM', words(2, 16), 0],
  ['a base beyond 16 bits', 'SET_VRING_BASE', words(0, 65536), 0],
  ['a ring outside the memory', 'SET_VRING_ADDR', words(0, 0, page, page, page, 0n), 0],
  ['a ring at a huge address', 'SET_VRING_ADDR', words(0, 0, far, far, far, 0n), 0],
  [
    'a ring over the end of a region',
    'SET_VRING_ADDR',
    words(0, 0, ...[0, LAYOUT.size - 8, 0].map((at) => BigInt(LAYOUT.user + at)), 0n),
    0,
  ],
  [
    'a ring at an odd address',
    'SET_VRING_ADDR',
    words(0, 0, ...[1, 0x300, 0x200].map((at) => BigInt(LAYOUT.user + at)), 0n),
    0,
  ],
  ['a kick to be polled for', 'SET_VRING_KICK', words(0x100, 0), 0],
  ['a kick without a file', 'SET_VRING_KICK', words(0, 0), 0],
  ['a call with two files', 'SET_VRING_CALL', words(0, 0), 2],
  ['no file with a file', 'SET_VRING_CALL', words(0x100, 0), 1],
  ['an error event of a third ring', 'SET_VRING_ERR', words(2, 0), 1],
  ['a kick in a message, not negotiated', 'VRING_KICK', words(0, 0), 0],
  ['a stop of a third ring', 'GET_VRING_BASE', words(7, 0), 0],
  ['a write to the configuration', 'SET_CONFIG', Uint8Array.of(...words(0, 1, 0), 1), 0],
  ['a channel without a file', 'SET_BACKEND_REQ_FD', words(), 0],
])('%s: an error, answered, and nothing is left open', (_, name, payload, count) => {
  const { call, session, sent, files } = guest()
  const given = Array.from({ length: count }, () => new FakeFile(new ArrayBuffer(FILE_SIZE)))
  const before = sent.length
  expect(() => call(name, payload, given, NEED_REPLY)).toThrow(
    expect.objectContaining({ code: 'ERR_PEER' }),
  )
  expect(sent.slice(before).map((bytes) => bytes.subarray(12))).toEqual([words(1n)])
  session.close(new Error('over'))
  expect(files.map(({ closed }) => closed)).toEqual(files.map(() => 1))
  expect(files.map(({ mapped }) => mapped)).toEqual(files.map(({ released }) => released))
})

test.each<[RequestName, Uint8Array]>([
  ['SET_VRING_NUM', words(0, 16)],
  ['SET_VRING_BASE', words(0, 0)],
  ['SET_FEATURES', words(1n)],
  ['SET_VRING_ADDR', ringAddresses(0).map((byte, i) => (i === 9 ? 0x10 : byte))],
])('%s while the rings run is an error', (name, payload) => {
  const { call, start } = guest()
  start()
  expect(() => call(name, payload)).toThrow(/while the rings run/)
  // The same once more is none, as after a change of the log.
  call('SET_VRING_ADDR', ringAddresses(0))
})

test.each<[string, RequestName, Uint8Array]>([
  ['addresses before the memory', 'SET_VRING_ADDR', ringAddresses(0)],
  ['enabling without protocol features', 'SET_VRING_ENABLE', words(0, 1)],
])('out of order: %s', (_, name, payload) => {
  const { call } = open()
  call('SET_VRING_NUM', words(0, 16))
  expect(() => call(name, payload)).toThrow(expect.objectContaining({ code: 'ERR_PEER' }))
})

test('addresses before the size are out of order', () => {
  const { call, file } = open()
  const memory = file(FILE_SIZE)
  call('SET_MEM_TABLE', memoryTable, [memory, new FakeFile(memory.memory)])
  expect(() => call('SET_VRING_ADDR', ringAddresses(0))).toThrow('vring 0 has no size yet')
})

test('a kick that breaks ends the session', () => {
  const { kicks, news } = guest()
  kicks[0]?.break(new OpenampError('ERR_PEER', 'broken pipe'))
  expect(news).toEqual(['failed: broken pipe'])
})

/** A message of the right shape or nearly, with numbers that are mostly small. */
const anything = fc.record({
  request: fc.oneof(fc.integer({ min: 0, max: 41 }), fc.constantFrom(5, 8, 9, 12, 13, 18, 35)),
  flags: fc.constantFrom(0, NEED_REPLY),
  payload: fc.oneof(
    fc.constant(words()),
    fc.constant(memoryTable),
    fc.constantFrom(ringAddresses(0), ringAddresses(1)),
    fc.tuple(fc.nat(2), fc.constantFrom(0, 1, 15, 16, 256, 65535)).map((pair) => words(...pair)),
    fc.bigInt(0n, 1n << 34n).map((value) => words(value)),
    fc.uint8Array({ maxLength: 280 }),
  ),
  files: fc.nat(3),
  raise: fc.nat(1),
  poke: fc.tuple(fc.nat(0x1000), fc.nat(0xffff)),
})

test('whatever a hostile front-end says, it is an ERR_PEER at most, and nothing is left open', () => {
  const property = fc.property(
    fc.array(anything, { maxLength: 40 }),
    fc.boolean(),
    (all, inband) => {
      const protocol = (inband ? PROTOCOL | INBAND : PROTOCOL) & ~(1n << 16n)
      const { call, session, files, kicks, memory } = guest({ protocol })
      let ended = false
      for (const { request, flags, payload, files: count, raise, poke } of all) {
        const given = Array.from({ length: count }, () => new FakeFile(memory.memory))
        new DataView(memory.memory).setUint16(poke[0], poke[1], true)
        try {
          call(request, payload, given, flags)
          kicks[raise]?.raise()
        } catch (error) {
          if (!isOpenampError(error, 'ERR_PEER')) throw error
          ended = true
          break
        }
      }
      session.close(new OpenampError('ERR_PEER', ended ? 'as it should' : 'over'))
      expect(files.every(({ closed }) => closed === 1)).toBe(true)
      expect(files.every(({ mapped, released }) => mapped === released)).toBe(true)
    },
  )
  fc.assert(property, { numRuns: 1000 })
})
