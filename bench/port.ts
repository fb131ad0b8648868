import { Worker } from 'node:worker_threads'
import { LAST } from './ring-protocol.js'

/** A worker thread at the other end of a MessagePort: what a program would take otherwise. */
export class Port {
  readonly #worker = new Worker(new URL('./port-peer.js', import.meta.url))
  #onMessage: (data: Uint8Array | 'done') => void = () => {}

  constructor() {
    this.#worker.on('message', (data) => this.#onMessage(data))
  }

  /** Messages a second; the other end reads each, and answers the last one. */
  async oneWay(payload: Uint8Array, messages: number): Promise<number> {
    const begun = performance.now()
    const done = new Promise<void>((resolve) => {
      this.#onMessage = () => resolve()
    })
    this.#worker.postMessage('take')
    payload[0] = 0
    for (let left = messages; left > 1; left--) this.#worker.postMessage(payload)
    payload[0] = LAST
    this.#worker.postMessage(payload)
    await done
    return messages / ((performance.now() - begun) / 1000)
  }

  /** Messages that come back in a second, with so many on their way. */
  async echoes(payload: Uint8Array, messages: number, window: number): Promise<number> {
    const begun = performance.now()
    this.#worker.postMessage('echo')
    await new Promise<void>((resolve) => {
      let sent = 0
      let received = 0
      this.#onMessage = () => {
        if (sent < messages) {
          sent++
          this.#worker.postMessage(payload)
        }
        if (++received === messages) resolve()
      }
      for (; sent < window; sent++) this.#worker.postMessage(payload)
    })
    return messages / ((performance.now() - begun) / 1000)
  }

  /** Microseconds from sending a message to having it back. */
  async roundTrips(payload: Uint8Array, times: Float64Array): Promise<Float64Array> {
    this.#worker.postMessage('echo')
    for (let i = 0; i < times.length; i++) {
      const begun = performance.now()
      const back = new Promise<unknown>((resolve) => {
        this.#onMessage = resolve
      })
      this.#worker.postMessage(payload)
      await back
      times[i] = (performance.now() - begun) * 1000
    }
    return times
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}
