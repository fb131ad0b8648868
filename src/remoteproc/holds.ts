import type { Processor } from './machine.js'

/** Input from outside that is awaited, for which a machine in the deterministic mode stands still. */
export class Holds {
  readonly #releases = new Set<() => void>()

  /** Hands on `input`; the machine stands still until it has settled, or is let go by `release`. */
  async admit<T>(processor: Processor, input: Promise<T>): Promise<T> {
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    this.#releases.add(release)
    try {
      await processor.admit(Promise.race([input, released]))
    } finally {
      this.#releases.delete(release)
    }
    return input
  }

  /** Lets time go on, whatever is awaited: the remote could not end before it came, if it ever does. */
  release(): void {
    for (const release of this.#releases) release()
  }
}
