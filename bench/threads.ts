import { type Figure, inTurn, type Measurement, median } from './figure.js'
import { Port } from './port.js'
import { Ring, type RingOptions } from './ring.js'

const REPEATS = 7
const WARM_UP = 3
const MESSAGES = 40_000
const ROUND_TRIPS = 2000
/** On their way at once, of the 256 that a ring holds. */
const WINDOW = 128
const BATCH = 16
/** The size that the figures without one in their name are of. */
const SIZE = 496
const SIZES = [SIZE, 16, 4080]

interface Kind {
  readonly name: string
  readonly unit: string
  readonly ring: RingOptions
  measure(ring: Ring, payload: Uint8Array, times: Float64Array): number | Promise<number>
  against(port: Port, payload: Uint8Array, times: Float64Array): Promise<number>
}

const portOneWay = (port: Port, payload: Uint8Array): Promise<number> =>
  port.oneWay(payload, MESSAGES)
const portRoundTrip = async (port: Port, payload: Uint8Array, times: Float64Array) =>
  median(await port.roundTrips(payload, times))

const kinds: readonly Kind[] = [
  {
    name: 'oneway',
    unit: 'msgs/s',
    ring: {},
    measure: (ring, payload) => ring.oneWay(payload, MESSAGES, 'read'),
    against: portOneWay,
  },
  {
    name: 'oneway.copy',
    unit: 'msgs/s',
    ring: {},
    measure: (ring, payload) => ring.oneWay(payload, MESSAGES, 'copy'),
    against: portOneWay,
  },
  {
    name: 'oneway.batch16',
    unit: 'msgs/s',
    ring: {},
    measure: (ring, payload) => ring.batches(payload, MESSAGES, BATCH),
    against: portOneWay,
  },
  {
    name: 'echo',
    unit: 'echoes/s',
    ring: {},
    measure: (ring, payload) => ring.echoes(payload, MESSAGES, WINDOW),
    against: (port, payload) => port.echoes(payload, MESSAGES, WINDOW),
  },
  {
    name: 'rtt.sleep',
    unit: 'µs',
    ring: { wait: 'sleep', sleeping: true },
    measure: (ring, payload, times) => median(ring.aimAtEcho().roundTrips(payload, times)),
    against: portRoundTrip,
  },
  {
    name: 'rtt.spin',
    unit: 'µs',
    ring: {},
    measure: (ring, payload, times) => median(ring.aimAtEcho().roundTrips(payload, times)),
    against: portRoundTrip,
  },
  {
    name: 'rtt.async',
    unit: 'µs',
    ring: { wait: 'sleep', sleeping: true, mode: 'async' },
    measure: async (ring, payload, times) =>
      median(await ring.aimAtEcho().roundTripsAsync(payload, times)),
    against: portRoundTrip,
  },
]

const nameOf = (kind: string, size: number): string =>
  size === SIZE ? `threads.${kind}` : `threads.${kind}.${size}`

/** Messages between two threads over rings, beside a MessagePort. */
export const threads: readonly Figure[] = SIZES.flatMap((size) =>
  kinds.map((kind) => ({
    name: nameOf(kind.name, size),
    unit: kind.unit,
    measure: () => compare(kind, size),
  })),
)

async function compare(kind: Kind, size: number): Promise<Measurement> {
  const payload = new Uint8Array(size).fill(0x5a)
  const times = new Float64Array(ROUND_TRIPS)
  const ring = await Ring.open({ ...kind.ring, bufferSize: size > SIZE ? 4096 : 512 })
  const port = new Port()
  try {
    const here = () => kind.measure(ring, payload, times)
    const there = () => kind.against(port, payload, times)
    await inTurn(WARM_UP, here, there)
    const [samples, other] = await inTurn(REPEATS, here, there)
    return { samples, against: { name: 'MessagePort', samples: other } }
  } finally {
    await ring.close()
    await port.close()
  }
}
