import { type Echo, firmwareEcho, messagePortEcho } from './echo.js'
import { type Figure, inTurn, type Measurement, median } from './figure.js'

const REPEATS = 7
const ROUND_TRIPS = 3000
const MESSAGES = 10_000
/** Messages on their way at once: as many as echo.elf has buffers in each direction. */
const WINDOW = 32
/** The second is the most that a buffer of 512 bytes holds. */
const SIZES = [16, 496]

const places = [
  { name: 'in-thread', worker: false, against: 'MessagePort within the thread' },
  { name: 'worker', worker: true, against: 'MessagePort to a worker thread' },
]

const kinds = [
  { name: 'roundtrip', unit: 'µs', measure: roundTrip },
  { name: 'rate', unit: 'echoes/s', measure: rate },
]

/** Messages from the host to the firmware and back. */
export const rpmsg: readonly Figure[] = kinds.flatMap((kind) =>
  places.flatMap((place) =>
    SIZES.map((size) => ({
      name: `rpmsg.${kind.name}.${place.name}.${size}`,
      unit: kind.unit,
      measure: () => compare(kind.measure, place, size),
    })),
  ),
)

async function compare(
  measure: (echo: Echo, payload: Uint8Array) => Promise<number>,
  place: { readonly worker: boolean; readonly against: string },
  size: number,
): Promise<Measurement> {
  const payload = new Uint8Array(size).fill(0x5a)
  const firmware = await firmwareEcho(place.worker)
  const port = messagePortEcho(place.worker)
  try {
    const here = () => measure(firmware, payload)
    const there = () => measure(port, payload)
    await inTurn(2, here, there)
    const [samples, other] = await inTurn(REPEATS, here, there)
    return { samples, against: { name: place.against, samples: other } }
  } finally {
    await firmware.close()
    await port.close()
  }
}

/** Microseconds from sending a message to having it back, the median; one is on its way at a time. */
async function roundTrip(echo: Echo, payload: Uint8Array): Promise<number> {
  const times = new Float64Array(ROUND_TRIPS)
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const begun = performance.now()
    await echo.send(payload)
    await echo.receive()
    times[i] = (performance.now() - begun) * 1000
  }
  return median(times)
}

/** Messages that come back in a second; each that does sends the next one. */
async function rate(echo: Echo, payload: Uint8Array): Promise<number> {
  const begun = performance.now()
  await new Promise<void>((resolve, reject) => {
    let sent = 0
    let received = 0
    const send = (): void => {
      sent++
      echo.send(payload).catch(reject)
    }
    echo.onMessage((data) => {
      if (data.length !== payload.length) reject(new Error(`${data.length} bytes came back`))
      if (sent < MESSAGES) send()
      if (++received === MESSAGES) resolve()
    })
    while (sent < WINDOW) send()
  })
  echo.onMessage(undefined)
  return MESSAGES / ((performance.now() - begun) / 1000)
}
