import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ChannelSocket } from './channels.js'
import type { Framing } from './framing.js'
import type { Place } from './place.js'
import { KernelRproc } from './rproc.js'
import { attribute, Folder } from './tree.js'

/** A dump that nobody fetches is let go of after so long (DEVCD_TIMEOUT), ms. */
const DUMP_KEPT = 300_000

/**
 * Devices of one remote: each has a socket, and there are only so many descriptors for all remotes. Linux
 * has no such bound.
 */
const CHANNELS_MAX = 128

/** What a program finds below /sys, and the remotes behind it. */
export class System {
  readonly root: Folder
  readonly remotes: readonly KernelRproc[]
  /** Called whenever something is shown otherwise than before. */
  changed = (): void => {}
  readonly #place: Place
  readonly #framing: Framing
  readonly #log: (line: string) => void
  readonly #channelsMax: number
  readonly #devices = new Folder()
  readonly #coredumps = new Folder()
  /** By the name of the device. */
  readonly #channels = new Map<
    string,
    { readonly number: number; readonly socket: ChannelSocket }
  >()
  /** The number of the virtio device of each remote that has one. */
  readonly #virtio = new Map<KernelRproc, number>()
  #firmwarePath = ''
  #dumps = 0

  constructor(
    names: readonly string[],
    place: Place,
    framing: Framing,
    log: (line: string) => void,
    channelsMax = CHANNELS_MAX,
  ) {
    this.#channelsMax = channelsMax
    this.#place = place
    this.#framing = framing
    this.#log = log
    this.remotes = names.map(
      (name, index) =>
        new KernelRproc(index, name, {
          findFirmware: (file) => this.#findFirmware(file),
          announced: (remote, channel, address) => this.#announced(remote, channel, address),
          destroyed: (remote, channel, address) => {
            this.#remove(this.#deviceName(remote, channel, address))
            this.changed()
          },
          gone: (remote) => this.#gone(remote),
          dumped: (remote, dump) => this.#dumped(remote, dump),
          changed: () => this.changed(),
          log,
        }),
    )
    const folderOf = (what: 'sysfs' | 'debugfs'): Folder =>
      new Folder(Object.fromEntries(this.remotes.map((remote) => [remote.label, remote[what]])))
    this.root = new Folder({
      bus: new Folder({ rpmsg: new Folder({ devices: this.#devices }) }),
      class: new Folder({ devcoredump: this.#coredumps, remoteproc: folderOf('sysfs') }),
      kernel: new Folder({ debug: new Folder({ remoteproc: folderOf('debugfs') }) }),
      module: new Folder({
        firmware_class: new Folder({
          parameters: new Folder({
            path: attribute(
              () => `${this.#firmwarePath}\n`,
              (text) => {
                this.#firmwarePath = text.replace(/\n$/, '')
                return undefined
              },
            ),
          }),
        }),
      }),
    })
  }

  async end(): Promise<void> {
    await Promise.all(this.remotes.map((remote) => remote.end()))
  }

  /** Where the kernel looks, in its order. */
  async #findFirmware(name: string): Promise<string | undefined> {
    if (name.split('/').includes('..')) return undefined
    const { firmware } = this.#place
    for (const folder of [this.#firmwarePath, join(firmware, 'updates'), firmware]) {
      if (folder === '') continue
      const path = join(folder, name)
      const found = await stat(path).catch(() => undefined)
      if (found?.isFile()) return path
    }
    return undefined
  }

  #announced(remote: KernelRproc, name: string, address: number): void {
    if (!this.#virtio.has(remote)) {
      const taken = new Set(this.#virtio.values())
      this.#virtio.set(remote, lowestFree(taken))
    }
    const shown = this.#devicesOf(remote).length
    if (shown >= this.#channelsMax) {
      this.#log(
        `${remote.label}: ENOSPC: it has ${shown} channels, and gets no device for one more`,
      )
      return
    }
    const device = this.#deviceName(remote, name, address)
    const number = lowestFree(new Set([...this.#channels.values()].map((each) => each.number)))
    const socket = new ChannelSocket({
      ...{ remote, name, address, number },
      ...{ folder: this.#place.dev, framing: this.#framing, log: this.#log },
    })
    this.#channels.set(device, { number, socket })
    this.#devices.entries.set(device, socket.sysfs)
    this.changed()
  }

  /** As the kernel's: no name of a file has a slash. */
  #deviceName(remote: KernelRproc, name: string, address: number): string {
    const virtio = `virtio${this.#virtio.get(remote)}`
    return `${virtio}.${name.replaceAll('/', '!')}.-1.${address}`
  }

  #remove(device: string): void {
    this.#channels.get(device)?.socket.close()
    this.#channels.delete(device)
    this.#devices.entries.delete(device)
  }

  #gone(remote: KernelRproc): void {
    for (const device of this.#devicesOf(remote)) this.#remove(device)
    this.#virtio.delete(remote)
  }

  #devicesOf(remote: KernelRproc): readonly string[] {
    const prefix = `virtio${this.#virtio.get(remote)}.`
    return [...this.#channels.keys()].filter((device) => device.startsWith(prefix))
  }

  #dumped(remote: KernelRproc, dump: Uint8Array): Promise<void> {
    // One a device: while it is there no other is taken.
    const failing = `${remote.label}: the dump before this one is still there`
    const held = [...this.#coredumps.entries.values()].some(
      (node) => this.#dumpsOf.get(node) === remote,
    )
    if (held) {
      this.#log(failing)
      return Promise.resolve()
    }
    const name = `devcd${++this.#dumps}`
    return new Promise((resolve) => {
      const release = (): undefined => {
        clearTimeout(timeout)
        this.#coredumps.entries.delete(name)
        this.changed()
        resolve()
      }
      const timeout = setTimeout(release, DUMP_KEPT).unref()
      const folder = new Folder({ data: attribute(() => dump, release) })
      this.#dumpsOf.set(folder, remote)
      this.#coredumps.entries.set(name, folder)
      this.changed()
    })
  }

  readonly #dumpsOf = new WeakMap<object, KernelRproc>()
}

function lowestFree(taken: ReadonlySet<number>): number {
  let number = 0
  while (taken.has(number)) number++
  return number
}
