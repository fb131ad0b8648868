import type { Clock } from '../base/clock.js'
import type { EventSource } from '../base/events.js'
import type { RemoteprocEvent, Untimed } from './events.js'
import type { TraceReader } from './trace.js'

/** Tells observers what happens to one remote, with the time of its machine's clock. */
export class Told {
  readonly #events: EventSource<RemoteprocEvent>
  #clock: Clock | undefined
  /** A character may come in pieces. */
  #console = new TextDecoder()

  constructor(events: EventSource<RemoteprocEvent>) {
    this.#events = events
  }

  /** What is told from now on has its time from this clock; 0 without one. */
  useClock(clock: Clock | undefined): void {
    this.#clock = clock
  }

  /** A life begins: half a character of the last one is no part of its first. */
  restart(): void {
    this.#console = new TextDecoder()
  }

  emit(event: Untimed<RemoteprocEvent>): void {
    this.#events.emit({ ...event, time: this.#clock?.now() ?? 0 })
  }

  console(bytes: Uint8Array): void {
    this.emit({ type: 'console', text: this.#console.decode(bytes, { stream: true }) })
  }

  /** What the remote has written since the last look; left for later where nobody listens. */
  traces(traces: readonly TraceReader[]): void {
    if (!this.#events.observed) return
    for (const trace of traces) {
      const text = trace.read()
      if (text !== '') this.emit({ type: 'trace', buffer: trace.name, text })
    }
  }
}
