import { GCProfiler } from 'node:v8'
import type { Endpoint, RpmsgDevice } from '../dist/index.js'
import { Remoteproc } from '../dist/index.js'
import { thread, type WaitStyle } from '../dist/machines/index.js'
import { type ProcessLayout, process, processLayout } from '../dist/machines/process/index.js'
import { ADDRESS, LAST, SPIN } from './ring-protocol.js'

export interface RingOptions {
  /** How both ends wait; the remote's `spin` is that of its module where `spin` is true. */
  readonly wait?: WaitStyle
  /** The remote waits in its event loop, or stops its thread. */
  readonly mode?: 'sync' | 'async'
  /** Bytes of a buffer. */
  readonly bufferSize?: number
  readonly sleeping?: boolean
  /** The remote has a core of its own, and spins for longer than one takes to wake up. */
  readonly pinned?: boolean
  /** The remote is in a process of its own, instead of a thread. */
  readonly process?: boolean
}

/** An end that spins pays where each has a processor to itself; these are for any machine. */
export const SLEEPING: RingOptions = { wait: 'sleep', sleeping: true }

/** Host and remote in two threads or processes, over rings in shared memory. */
export class Ring {
  readonly #rproc: Remoteproc
  readonly rpmsg: RpmsgDevice
  readonly #endpoint: Endpoint
  #answer: Float64Array | undefined
  #echoes = 0
  #onEcho: (() => void) | undefined

  private constructor(rproc: Remoteproc, rpmsg: RpmsgDevice) {
    this.#rproc = rproc
    this.rpmsg = rpmsg
    this.#endpoint = rpmsg.createEndpoint({
      destination: ADDRESS.read,
      receive: (message) => {
        if (message.source === ADDRESS.control) {
          this.#answer = new Float64Array(message.copy().buffer)
        } else {
          this.#echoes++
          this.#onEcho?.()
        }
      },
    })
  }

  static async open(options: RingOptions = {}): Promise<Ring> {
    const { wait = { spin: SPIN }, mode = 'sync', bufferSize = 512, sleeping = false } = options
    const buffers = { rx: { size: bufferSize }, tx: { size: bufferSize } }
    const remote = sleeping ? 'sleeping' : options.pinned ? 'pinned' : 'ring'
    const url = new URL(`./${remote}-remote.js`, import.meta.url)
    const machine = options.process
      ? process({ module: url, wait, data: mode, layout: layoutOf(bufferSize) })
      : thread(url, { wait, data: mode })
    const rproc = await Remoteproc.init({ machine, buffers })
    await rproc.boot()
    await rproc.channel('ready')
    const [rpmsg] = rproc.rpmsg
    if (rpmsg === undefined) throw new Error('no RPMsg device')
    return new Ring(rproc, rpmsg)
  }

  /** Messages a second, one a call, to an endpoint that reads or copies them. */
  oneWay(payload: Uint8Array, messages: number, to: 'read' | 'copy'): number {
    const endpoint = this.#endpoint
    const destination = ADDRESS[to]
    payload[0] = 0
    const begun = performance.now()
    for (let left = messages; left > 1; left--) {
      while (!endpoint.trySendTo(payload, destination)) this.rpmsg.waitTxSync()
    }
    this.#finish(payload, destination)
    return messages / ((performance.now() - begun) / 1000)
  }

  /** The same in batches. */
  batches(payload: Uint8Array, messages: number, size: number): number {
    const endpoint = this.#endpoint
    payload[0] = 0
    const batch = new Array<Uint8Array>(size).fill(payload)
    const begun = performance.now()
    for (let left = Math.floor(messages / size); left > 0; left--) {
      let sent = endpoint.trySendMany(batch)
      while (sent < size) {
        this.rpmsg.waitTxSync()
        sent += endpoint.trySendMany(batch.slice(sent))
      }
    }
    this.#finish(payload, ADDRESS.read)
    return messages / ((performance.now() - begun) / 1000)
  }

  /** Messages that are written and read in place; nothing is copied or allocated. */
  noCopy(messages: number, length: number): void {
    const endpoint = this.#endpoint
    for (let i = 1; i <= messages; i++) {
      let buffer = endpoint.tryGetTxPayloadBuffer()
      while (buffer === undefined) {
        this.rpmsg.waitTxSync()
        buffer = endpoint.tryGetTxPayloadBuffer()
      }
      buffer.bytes[0] = i === messages ? LAST : 0
      endpoint.sendNocopy(buffer, length)
    }
    this.#await()
  }

  /** Messages that come back in a second, with so many on their way. */
  echoes(payload: Uint8Array, messages: number, window: number): number {
    const endpoint = this.#endpoint
    let sent = 0
    const begun = performance.now()
    this.#echoes = 0
    this.#onEcho = () => {
      if (sent < messages && endpoint.trySendTo(payload, ADDRESS.echo)) sent++
    }
    while (this.#echoes < messages) {
      while (sent < messages && sent - this.#echoes < window) {
        if (!endpoint.trySendTo(payload, ADDRESS.echo)) break
        sent++
      }
      this.rpmsg.waitSync()
    }
    this.#onEcho = undefined
    return messages / ((performance.now() - begun) / 1000)
  }

  /** Microseconds from sending a message to having it back, the median of so many. */
  roundTrips(payload: Uint8Array, times: Float64Array): Float64Array {
    const endpoint = this.#endpoint
    for (let i = 0; i < times.length; i++) {
      const begun = performance.now()
      this.#echoes = 0
      endpoint.sendSync(payload)
      while (this.#echoes === 0) this.rpmsg.waitSync()
      times[i] = (performance.now() - begun) * 1000
    }
    return times
  }

  /** The same, with promises. */
  async roundTripsAsync(payload: Uint8Array, times: Float64Array): Promise<Float64Array> {
    for (let i = 0; i < times.length; i++) {
      const begun = performance.now()
      const back = new Promise<void>((resolve) => {
        this.#onEcho = resolve
      })
      await this.#endpoint.send(payload)
      await back
      times[i] = (performance.now() - begun) * 1000
    }
    this.#onEcho = undefined
    return times
  }

  /** Garbage collections of both threads while `run` does. */
  collections(run: () => void): number {
    this.#ask(ADDRESS.gc)
    const profiler = new GCProfiler()
    profiler.start()
    run()
    const here = profiler.stop().statistics.length
    return here + (this.#ask(ADDRESS.gc)[0] ?? 0)
  }

  /** Round trips go to the endpoint that echoes. */
  aimAtEcho(): this {
    this.#endpoint.destination = ADDRESS.echo
    return this
  }

  async close(): Promise<void> {
    await this.#rproc.deinit()
  }

  #finish(payload: Uint8Array, destination: number): void {
    payload[0] = LAST
    this.#answer = undefined
    while (!this.#endpoint.trySendTo(payload, destination)) this.rpmsg.waitTxSync()
    this.#await()
  }

  #ask(destination: number): Float64Array {
    this.#answer = undefined
    this.#endpoint.trySendTo('?', destination)
    return this.#await()
  }

  #await(): Float64Array {
    while (this.#answer === undefined) this.rpmsg.waitSync()
    const answer = this.#answer
    this.#answer = undefined
    return answer
  }
}

/** As the default one, with buffers of so many bytes for the two rings of 256. */
function layoutOf(bufferSize: number): ProcessLayout {
  const { buffers } = processLayout
  const size = 512 * bufferSize
  return { ...processLayout, size: buffers.da + size, buffers: { da: buffers.da, size } }
}
