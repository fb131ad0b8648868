import { rethrowLater } from '../base/events.js'

/**
 * Something that lives and ends with a remote (struct rproc_subdev): hooks around each boot, in the
 * order of the list, undone in reverse. A hook may be asynchronous: the next one waits for it.
 */
export interface Subdevice {
  /** Before the remote leaves reset: its memory is loaded. What it throws ends the boot. */
  prepare?(): void | Promise<void>
  /** The remote runs, and its rings are up. What it throws ends the boot. */
  start?(): void | Promise<void>
  /**
   * The remote is about to be asked to end, or to be detached from; with `crashed` it is gone already,
   * and so are its channels.
   */
  stop?(crashed: boolean): void | Promise<void>
  /** The remote is in reset again, or is detached from. */
  unprepare?(): void | Promise<void>
}

/** The sub-devices of one remote, and which of them are prepared and started. */
export class Subdevices {
  readonly #all: readonly Subdevice[]
  #prepared: readonly Subdevice[] = []
  #started: readonly Subdevice[] = []
  /** The hook of `start` that is under way; what ends the remote meanwhile waits for it. */
  #starting: Promise<void> = Promise.resolve()
  #ending = false

  constructor(all: readonly Subdevice[]) {
    this.#all = all
  }

  get any(): boolean {
    return this.#all.length > 0
  }

  /** Undoes what it has done where a hook fails, and throws what that has thrown. */
  async prepare(): Promise<void> {
    this.#ending = false
    for (const subdevice of this.#all) {
      try {
        await subdevice.prepare?.()
      } catch (error) {
        await this.unprepare()
        throw error
      }
      this.#prepared = [...this.#prepared, subdevice]
    }
  }

  /** Starts them until one throws, or the remote ends; those that are started stay so. */
  async start(): Promise<void> {
    const { promise, resolve } = deferred()
    this.#starting = promise
    try {
      for (const subdevice of this.#all) {
        if (this.#ending) return
        await subdevice.start?.()
        this.#started = [...this.#started, subdevice]
      }
    } finally {
      resolve()
    }
  }

  async stop(crashed: boolean): Promise<void> {
    this.#ending = true
    await this.#starting
    const started = this.#started
    this.#started = []
    for (const subdevice of [...started].reverse()) {
      await undo(() => subdevice.stop?.(crashed))
    }
  }

  async unprepare(): Promise<void> {
    const prepared = this.#prepared
    this.#prepared = []
    for (const subdevice of [...prepared].reverse()) await undo(() => subdevice.unprepare?.())
  }
}

/** What a hook throws on the way down is its own; the others are undone all the same. */
async function undo(hook: () => void | Promise<void>): Promise<void> {
  try {
    await hook()
  } catch (error) {
    rethrowLater(error)
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
