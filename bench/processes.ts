import { type Figure, inTurn, type Measurement, median } from './figure.js'
import { pin } from './pin.js'
import { Ring, type RingOptions } from './ring.js'
import { UnixSocket } from './socket.js'

const REPEATS = 7
const WARM_UP = 3
const MESSAGES = 40_000
const ROUND_TRIPS = 2000
/** The size that the figures without one in their name are of. */
const SIZE = 496
const SIZES = [SIZE, 16, 4080]

interface Kind {
  readonly name: string
  readonly unit: string
  readonly ring: RingOptions
  measure(ring: Ring, payload: Uint8Array): number | Promise<number>
  against(socket: UnixSocket, payload: Uint8Array): Promise<number>
}

const times = new Float64Array(ROUND_TRIPS)
const roundTrip = {
  unit: 'µs',
  measure: (ring: Ring, payload: Uint8Array) => median(ring.aimAtEcho().roundTrips(payload, times)),
  against: async (socket: UnixSocket, payload: Uint8Array) =>
    median(await socket.roundTrips(payload, times)),
}
const oneWay = {
  unit: 'msgs/s',
  ring: {},
  against: (socket: UnixSocket, payload: Uint8Array) => socket.oneWay(payload),
}

const kinds: readonly Kind[] = [
  {
    ...oneWay,
    name: 'oneway',
    measure: (ring, payload) => ring.oneWay(payload, MESSAGES, 'read'),
  },
  {
    ...oneWay,
    name: 'oneway.copy',
    measure: (ring, payload) => ring.oneWay(payload, MESSAGES, 'copy'),
  },
  { ...roundTrip, name: 'rtt.sleep', ring: { wait: 'sleep', sleeping: true } },
  {
    ...roundTrip,
    name: 'rtt.spin',
    ring: { wait: { spin: 300 }, pinned: true },
    measure: (ring, payload) => {
      // The socket is not: it would suffer from it.
      pin(0)
      try {
        return roundTrip.measure(ring, payload)
      } finally {
        pin('any')
      }
    },
  },
  {
    ...roundTrip,
    name: 'rtt.async',
    ring: { wait: 'sleep', sleeping: true, mode: 'async' },
    measure: async (ring, payload) =>
      median(await ring.aimAtEcho().roundTripsAsync(payload, times)),
  },
]

/** Messages between two processes over rings, beside a Unix socket through node:net. */
export const processes: readonly Figure[] = SIZES.flatMap((size) =>
  kinds.map((kind) => ({
    name: size === SIZE ? `processes.${kind.name}` : `processes.${kind.name}.${size}`,
    unit: kind.unit,
    measure: () => compare(kind, size),
  })),
)

async function compare(kind: Kind, size: number): Promise<Measurement> {
  const payload = new Uint8Array(size).fill(0x5a)
  const messages = kind.unit === 'µs' ? 0 : MESSAGES
  const ring = await Ring.open({
    ...kind.ring,
    process: true,
    bufferSize: size > SIZE ? 4096 : 512,
  })
  const socket = await UnixSocket.open(size, messages)
  try {
    const here = () => kind.measure(ring, payload)
    const there = () => kind.against(socket, payload)
    await inTurn(WARM_UP, here, there)
    const [samples, other] = await inTurn(REPEATS, here, there)
    return { samples, against: { name: 'Unix socket', samples: other } }
  } finally {
    await ring.close()
    await socket.close()
  }
}
