import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadLibc } from '../native/libc-node.js'
import { connectUnix } from '../native/unix-socket-node.js'
import { type BellListener, SocketBell } from './socket-bell-node.js'

/** As many bytes as the bell reads at a time. */
const READ_BYTES = 64

/** A bell, and the socket at its other end. */
async function connected(listener: Partial<BellListener>) {
  const folder = mkdtempSync(join(tmpdir(), 'openamp-bell-'))
  const server = createServer()
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve))
  const libc = await loadLibc('this test')
  const fd = connectUnix(libc, join(folder, 'socket')) ?? expect.fail('not connected')
  const bell = new SocketBell(libc, fd, { rung() {}, told() {}, closed() {}, ...listener })
  const peer = await accepted
  onTestFinished(() => {
    bell.close()
    peer.destroy()
    server.close()
    rmSync(folder, { recursive: true })
  })
  return { bell, peer }
}

test('a kick is heard in the event loop', async () => {
  let heard = (): void => {}
  const rung = new Promise<void>((resolve) => {
    heard = resolve
  })
  const { bell, peer } = await connected({ rung: () => heard() })
  peer.write(Uint8Array.of(1))
  await rung
  expect(bell.count).toBe(1)
})

test('a thread that stops for a kick goes on after its time', async () => {
  const { bell } = await connected({})
  expect(bell.wait(bell.count, 5)).toBe(false)
})

test('a thread that stops for a kick has it, and the event loop hears what comes later', async () => {
  let heard = (): void => {}
  const { bell, peer } = await connected({ rung: () => heard() })
  // Once it is written it is there: both ends are in this process.
  await new Promise<void>((resolve) => peer.write(Uint8Array.of(1), () => resolve()))
  expect(bell.wait(bell.count, 10_000)).toBe(true)
  const rung = new Promise<void>((resolve) => {
    heard = resolve
  })
  peer.write(Uint8Array.of(1))
  await rung
  expect(bell.count).toBe(2)
})

test('after a synchronous wait a read that is full does not stop the event loop', async () => {
  let heard = (): void => {}
  const rung = new Promise<void>((resolve) => {
    heard = resolve
  })
  const { bell, peer } = await connected({ rung: () => heard() })
  await new Promise<void>((resolve) => peer.write(Uint8Array.of(1), () => resolve()))
  expect(bell.wait(bell.count, Number.POSITIVE_INFINITY)).toBe(true)
  peer.write(new Uint8Array(READ_BYTES).fill(1))
  await rung
  // A read that blocked would end with the next kick only; this turn would never come.
  await new Promise((resolve) => setImmediate(resolve))
  expect(bell.count).toBe(2)
})

test('an end that is gone is told of once, in a turn of its own, and ends a wait', async () => {
  const closed: string[] = []
  let heard = (): void => {}
  const told = new Promise<void>((resolve) => {
    heard = resolve
  })
  const { bell, peer } = await connected({
    closed: () => {
      closed.push('closed')
      heard()
    },
  })
  await new Promise<void>((resolve) => peer.end(() => resolve()))
  expect(() => bell.wait(bell.count, 10_000)).toThrow(
    expect.objectContaining({ code: 'ERR_STOPPED' }),
  )
  expect(closed).toEqual([])
  await told
  await new Promise((resolve) => setImmediate(resolve))
  expect(closed).toEqual(['closed'])
})
