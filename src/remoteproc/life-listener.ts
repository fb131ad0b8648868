import type { Waits } from '../base/waits.js'
import { idle } from './idle.js'
import { type Link, lastLook } from './links.js'
import type { Fault, Processor, ProcessorListener } from './machine.js'
import type { Told } from './told.js'

/** A life, as far as what its processor tells goes there. */
export interface Listening {
  links(): readonly Link[]
  up(): boolean
  require(): { readonly processor: Processor; readonly waits: Waits }
  /** Tells what is new in the trace buffers. */
  readTraces(): void
  /** Why there is no remote to do `call` with. */
  ended(call: string): Error
  exited(): void
  crashed(reason: string, fault: Fault): void
}

/** What a processor of ours is told to talk to. */
export class LifeListener implements ProcessorListener {
  /** Called when the remote has acknowledged what it was asked for. */
  onAcknowledged = { shutdown: (): void => {}, detach: (): void => {} }
  /** What the machine said of a crash, which counts for more than what the rings look like then. */
  failure: { readonly reason: string; readonly fault: Fault } | undefined
  readonly #life: Listening
  readonly #told: Told

  constructor(life: Listening, told: Told) {
    this.#life = life
    this.#told = told
  }

  kicked(notifyId: number): void {
    const links = this.#life.links()
    // Of all rings: a look in vain costs little, and some peers use one doorbell for all.
    for (const { vdev } of links) vdev.countKick(notifyId)
    for (const { device } of links) device.poll()
  }

  shutdownAcknowledged(): void {
    this.onAcknowledged.shutdown()
  }

  detachAcknowledged(): void {
    this.onAcknowledged.detach()
  }

  progressed(): void {
    this.#life.readTraces()
    // Some peers (RPMsg-Lite) give no notice when they return a transmit buffer.
    for (const { device } of this.#life.links()) if (device.starving) device.poll()
  }

  idle(): void {
    const { processor, waits } = this.#life.require()
    if (this.#life.up()) idle(processor, waits, this.#life.links())
    // What it has not answered by now it never will.
    else waits.rejectAll(() => this.#life.ended('idle'), ['shutdown'])
  }

  exited(): void {
    this.#life.exited()
  }

  crashed(reason: string, fault: Fault = { kind: 'failure' }): void {
    this.failure = { reason, fault }
    lastLook(this.#life.links())
    this.#life.crashed(reason, fault)
  }

  console(bytes: Uint8Array): void {
    this.#told.console(bytes)
  }

  note(text: string): void {
    this.#told.emit({ type: 'note', text })
  }
}
