import { setTimeout } from 'node:timers/promises'
import type { Endpoint, RpmsgDevice } from '../dist/index.js'
import { rpmsgLoopback } from '../dist/testing.js'
import { type Figure, inTurn, type Measurement } from './figure.js'
import { Ring, SLEEPING } from './ring.js'

const REPEATS = 7
const MESSAGES = 40_000
const ENDPOINTS = 1000
/** Messages between two looks; a divisor of the others. */
const BURST = 64
const REMOTES = 64
/** Of a round with 63 threads that are begun and ended. */
const REMOTE_REPEATS = 5
/** The engine collects what start-up has left behind some 8 s later. */
const SETTLE_MS = 15_000
const IDLE_MS = 10_000
/** The engine's own collection of garbage falls into one of them. */
const IDLE_REPEATS = 3
const NO_COPY_MESSAGES = 10_000_000
const NO_COPY_WARM_UP = 1_000_000
const SIZE = 496

/** What a message costs with many endpoints, or beside many remotes; what waiting costs. */
export const scale: readonly Figure[] = [
  // First: the others leave the engine something to collect.
  { name: 'idle.cpu', unit: 'CPUs', measure: idleShare },
  { name: 'nocopy.gc', unit: 'GCs', measure: noCopyCollections },
  { name: 'scale.endpoints', unit: 'ns/msg', measure: manyEndpoints },
  { name: 'scale.remotes', unit: 'ns/msg', measure: manyRemotes },
]

async function noCopyCollections(): Promise<Measurement> {
  const ring = await Ring.open()
  try {
    ring.noCopy(NO_COPY_WARM_UP, SIZE)
    return { samples: [ring.collections(() => ring.noCopy(NO_COPY_MESSAGES, SIZE))] }
  } finally {
    await ring.close()
  }
}

async function manyEndpoints(): Promise<Measurement> {
  const many = loopback(ENDPOINTS)
  const one = loopback(1)
  await inTurn(3, many, one)
  const [samples, other] = await inTurn(REPEATS, many, one)
  return { samples, against: { name: '1 endpoint', samples: other } }
}

/** Messages in turn to so many endpoints, both ends in this thread. */
function loopback(endpoints: number): () => number {
  // Notifications are not waited for: the remote looks often enough.
  const { host, remote } = rpmsgLoopback({ num: 256, schedule: () => {} })
  let received = 0
  const receivers = createEndpoints(remote, endpoints, () => {
    received++
  })
  const senders = receivers.map(({ address }) => host.createEndpoint({ destination: address }))
  const payload = new Uint8Array(SIZE)
  return () => {
    received = 0
    const begun = performance.now()
    for (let i = 0; i < MESSAGES; i++) {
      if (senders[i % endpoints]?.trySend(payload) !== true) throw new Error('no buffer')
      if (i % BURST === BURST - 1) remote.poll()
    }
    if (received !== MESSAGES) throw new Error(`${received} of ${MESSAGES} messages received`)
    return ((performance.now() - begun) * 1e6) / MESSAGES
  }
}

function createEndpoints(device: RpmsgDevice, count: number, receive: () => void): Endpoint[] {
  return Array.from({ length: count }, () => device.createEndpoint({ receive }))
}

async function manyRemotes(): Promise<Measurement> {
  const ring = await Ring.open(SLEEPING)
  const payload = new Uint8Array(SIZE)
  const cost = (): number => 1e9 / ring.oneWay(payload, MESSAGES, 'read')
  const others: Ring[] = []
  const close = async (): Promise<void> => {
    for (const other of others.splice(0)) await other.close()
  }
  const amongMany = async (): Promise<number> => {
    while (others.length < REMOTES - 1) others.push(await Ring.open(SLEEPING))
    return cost()
  }
  const alone = async (): Promise<number> => {
    await close()
    return cost()
  }
  try {
    for (let i = 0; i < 3; i++) cost()
    const [samples, other] = await inTurn(REMOTE_REPEATS, amongMany, alone)
    return { samples, against: { name: '1 remote', samples: other } }
  } finally {
    await close()
    await ring.close()
  }
}

async function idleShare(): Promise<Measurement> {
  const ring = await Ring.open({ ...SLEEPING, mode: 'async' })
  try {
    await setTimeout(SETTLE_MS)
    const samples: number[] = []
    while (samples.length < IDLE_REPEATS) {
      const before = process.cpuUsage()
      await setTimeout(IDLE_MS)
      const { user, system } = process.cpuUsage(before)
      samples.push((user + system) / 1000 / IDLE_MS)
    }
    return { samples }
  } finally {
    await ring.close()
  }
}
