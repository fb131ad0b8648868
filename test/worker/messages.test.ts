import { expect, test } from 'vitest'
import type { RxBuffer } from '../../dist/index.js'
import { initRemote } from './support.js'

const ECHO = 'rpmsg-openamp-demo-channel'

/** Numbers that look random, the same in each run (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Message `number`, of a size of its own, told from every other by its bytes. */
function message(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  new DataView(bytes.buffer).setUint32(0, number)
  for (let i = 4; i < size; i++) bytes[i] = number + i
  return bytes
}

test('10,000 messages of random sizes come back whole and in order', async () => {
  await using remote = await initRemote('echo')
  await remote.boot()
  const channel = await remote.channel(ECHO)
  const largest = remote.rpmsg[0]?.payloadSize ?? 0
  expect(largest).toBe(496)
  const next = random(1)
  const sizes = Array.from({ length: 10_000 }, () => 5 + Math.floor(next() * (largest - 4)))
  const sending = (async () => {
    for (const [number, size] of sizes.entries()) await channel.send(message(number, size))
  })()
  for (const [number, size] of sizes.entries()) {
    const received = await channel.receive()
    if (Buffer.compare(received.data, message(number, size)) !== 0) {
      expect.unreachable(`message ${number} of ${size} bytes came back changed`)
    }
  }
  await sending
})

test('messages one at a time: every wake-up arrives', async () => {
  await using remote = await initRemote('echo')
  await remote.boot()
  const channel = await remote.channel(ECHO)
  for (let number = 0; number < 3000; number++) {
    await channel.send(message(number, 16))
    expect((await channel.receive()).data).toEqual(message(number, 16))
  }
})

test('both rings full, then everything comes through', async () => {
  await using remote = await initRemote('echo')
  await remote.boot()
  const channel = await remote.channel(ECHO)
  for (let round = 0; round < 50; round++) {
    const seen: number[] = []
    let held: RxBuffer[] = []
    let sent = 0
    let holding = true
    let tell = (): void => {}
    const received = (count: number): Promise<void> =>
      new Promise((resolve) => {
        tell = () => {
          if (seen.length >= count) resolve()
        }
        tell()
      })
    channel.onMessage((lent) => {
      seen.push(new DataView(lent.copy().buffer).getUint32(0))
      if (holding) held.push(lent.hold())
      tell()
    })
    while (sent < 32) if (channel.trySend(message(sent, 200))) sent++
    await received(32)
    // The remote has no buffer any more to answer with; now it gets more than it can answer.
    expect(held.length).toBe(32)
    while (channel.trySend(message(sent, 200))) sent++
    expect(sent).toBeGreaterThanOrEqual(64)
    holding = false
    for (const buffer of held) buffer.release()
    held = []
    await received(sent)
    expect(seen).toEqual(seen.map((_, i) => i))
  }
})
