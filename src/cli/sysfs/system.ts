import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BoardDescription } from '../../boards/description.js'
import { Dumps } from './dumps.js'
import type { Framing } from './framing.js'
import type { Place } from './place.js'
import { RpmsgBus } from './rpmsg-bus.js'
import { KernelRproc } from './rproc.js'
import { attribute, Folder, link } from './tree.js'

/**
 * Devices of one remote: each has a socket, and there are only so many descriptors for all remotes. Linux
 * has no such bound.
 */
const CHANNELS_MAX = 128

/** A remote that is to be there. */
export interface WantedRemote {
  readonly name: string
  /** The first board of the catalogue that runs the image that it is given, unless given. */
  readonly board: BoardDescription | undefined
}

/** What a program finds below /sys, and the remotes behind it. */
export class System {
  readonly root: Folder
  readonly remotes: readonly KernelRproc[]
  /** Called whenever something is shown otherwise than before. */
  changed = (): void => {}
  readonly #place: Place
  #firmwarePath = ''

  constructor(
    wanted: readonly WantedRemote[],
    place: Place,
    framing: Framing,
    log: (line: string) => void,
    channelsMax = CHANNELS_MAX,
  ) {
    this.#place = place
    const bus = new RpmsgBus({ place, framing, log, channelsMax })
    const dumps = new Dumps(() => this.changed(), log)
    this.remotes = wanted.map(
      ({ name, board }, index) =>
        new KernelRproc(index, name, board, {
          findFirmware: (file) => this.#findFirmware(file),
          up: (remote) => bus.up(remote),
          announced: (remote, channel, address) => {
            bus.announced(remote, channel, address)
            this.changed()
          },
          destroyed: (remote, channel, address) => {
            bus.destroyed(remote, channel, address)
            this.changed()
          },
          gone: (remote) => bus.down(remote),
          dumped: (remote, dump) => dumps.add(remote, dump),
          changed: () => this.changed(),
          log,
        }),
    )
    const debugfs = this.remotes.map(({ label, debugfs }) => [label, debugfs] as const)
    const links = this.remotes.map(
      ({ label, place }) => [label, link(`../../devices/${place}`)] as const,
    )
    this.root = new Folder({
      devices: new Folder({
        platform: platformOf(this.remotes),
        virtual: new Folder({ devcoredump: dumps.devices }),
      }),
      bus: new Folder({ rpmsg: bus.rpmsg, virtio: new Folder({ devices: bus.virtio }) }),
      class: new Folder({
        devcoredump: dumps.class,
        remoteproc: new Folder(Object.fromEntries(links)),
        rpmsg: bus.class,
      }),
      kernel: new Folder({
        debug: new Folder({ remoteproc: new Folder(Object.fromEntries(debugfs)) }),
      }),
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
}

/** /sys/devices/platform: a device for each name of a remote, as a driver would have been bound to it. */
function platformOf(remotes: readonly KernelRproc[]): Folder {
  const platform = new Folder()
  for (const { device, label, sysfs } of remotes) {
    const found = platform.entries.get(device)
    if (found?.type === 'directory') {
      const below = found.entries.get('remoteproc')
      if (below instanceof Folder) below.entries.set(label, sysfs)
      continue
    }
    platform.entries.set(
      device,
      new Folder({
        modalias: attribute(() => `platform:${device}\n`),
        remoteproc: new Folder({ [label]: sysfs }),
        uevent: attribute(() => `MODALIAS=platform:${device}\n`),
      }),
    )
  }
  return platform
}
