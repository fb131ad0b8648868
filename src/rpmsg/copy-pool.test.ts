import { expect, test } from 'vitest'
import { CopyPool } from './copy-pool.js'
import { rpmsgLoopback } from './loopback.js'

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

test('a copy holds what the payload held, whatever becomes of the payload', () => {
  const pool = new CopyPool()
  const payload = filled(100, 7)
  const copy = pool.copy(payload)
  payload.fill(0)
  expect(copy).toEqual(filled(100, 7))
})

test('copies do not overlap, and each begins where a view of any number type may', () => {
  const pool = new CopyPool()
  const copies = Array.from({ length: 1000 }, (_, i) => pool.copy(filled(i % 300, i & 0xff)))
  copies.forEach((copy, i) => {
    expect(copy).toEqual(filled(i % 300, i & 0xff))
    expect(copy.byteOffset % 8).toBe(0)
  })
})

test('copies of small payloads share their memory', () => {
  const pool = new CopyPool()
  const copies = Array.from({ length: 1000 }, () => pool.copy(filled(496, 1)))
  expect(new Set(copies.map(({ buffer }) => buffer)).size).toBeLessThan(10)
})

test('a large payload gets a buffer of its own', () => {
  const copy = new CopyPool().copy(filled(100_000, 3))
  expect(copy.buffer.byteLength).toBe(100_000)
  expect(copy).toEqual(filled(100_000, 3))
})

test('after somebody has transferred a copy to another thread, the next one is whole', () => {
  const pool = new CopyPool()
  const first = pool.copy(filled(16, 1))
  structuredClone(first, { transfer: [first.buffer as ArrayBuffer] })
  expect(pool.copy(filled(16, 2))).toEqual(filled(16, 2))
})

test('a received message is copied into the pool that it is given', async () => {
  const { host, remote } = rpmsgLoopback()
  const pool = new CopyPool()
  const kept: Uint8Array[] = []
  remote.createEndpoint({ address: 50, receive: (message) => kept.push(message.copy(pool)) })
  const sender = host.createEndpoint({ destination: 50 })
  sender.trySend('one')
  sender.trySend('two')
  await Promise.resolve()
  remote.poll()
  expect(kept.map((bytes) => new TextDecoder().decode(bytes))).toEqual(['one', 'two'])
  expect(kept[0]?.buffer).toBe(kept[1]?.buffer)
})
