import type { KernelRproc } from './rproc.js'
import { attribute, Folder, link, privateAttribute, wordOf } from './tree.js'

/** A dump that nobody fetches is let go of after so long (DEVCD_TIMEOUT), ms. */
const KEPT = 300_000

/** The dumps of crashes, as drivers/base/devcoredump.c shows them. */
export class Dumps {
  /** /sys/class/devcoredump */
  readonly class: Folder
  /** /sys/devices/virtual/devcoredump */
  readonly devices = new Folder()
  readonly #changed: () => void
  readonly #log: (line: string) => void
  readonly #kept = new Map<KernelRproc, () => void>()
  #count = 0
  #disabled = false

  constructor(changed: () => void, log: (line: string) => void) {
    this.#changed = changed
    this.#log = log
    this.class = new Folder({
      disabled: attribute(
        () => (this.#disabled ? '1\n' : '0\n'),
        (text) => {
          // There is no way back.
          if (wordOf(text) !== '1') return 'EINVAL'
          this.#disabled = true
          for (const release of [...this.#kept.values()]) release()
          return undefined
        },
      ),
    })
  }

  /** Shows a dump. @returns resolves once its reader has let it go */
  async add(remote: KernelRproc, dump: Uint8Array): Promise<void> {
    if (this.#disabled) return
    // One a device: while it is there no other is taken.
    if (this.#kept.has(remote)) {
      this.#log(`${remote.label}: the dump before this one is still there`)
      return
    }
    const name = `devcd${++this.#count}`
    await new Promise<void>((resolve) => {
      const release = (): undefined => {
        clearTimeout(timeout)
        this.#kept.delete(remote)
        this.devices.entries.delete(name)
        this.class.entries.delete(name)
        this.#changed()
        resolve()
      }
      const timeout = setTimeout(release, KEPT).unref()
      this.#kept.set(remote, release)
      this.devices.entries.set(
        name,
        new Folder({
          data: privateAttribute(() => dump, release),
          failing_device: link(`../../../${remote.place}`),
          subsystem: link('../../../../class/devcoredump'),
          uevent: attribute(() => ''),
        }),
      )
      this.class.entries.set(name, link(`../../devices/virtual/devcoredump/${name}`))
      this.#changed()
    })
  }
}
