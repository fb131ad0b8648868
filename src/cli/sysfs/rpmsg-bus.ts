import { ChannelSocket } from './channels.js'
import type { Framing } from './framing.js'
import type { Place } from './place.js'
import type { KernelRproc } from './rproc.js'
import { attribute, type Errno, Folder, link, type Node, wordOf } from './tree.js'

/** The virtio device of a remote that runs, and what is on it. */
interface Virtio {
  readonly number: number
  /** The name of its platform device, below the remote. */
  readonly parent: string
  readonly folder: Folder
  /** By the name of the device on the bus. */
  readonly channels: Map<string, { readonly number: number; readonly socket: ChannelSocket }>
}

export interface RpmsgBusOptions {
  readonly place: Place
  readonly framing: Framing
  readonly log: (line: string) => void
  /** Channels of one remote that get a device. */
  readonly channelsMax: number
}

/** Drivers that Linux has for the bus. */
const DRIVERS = ['rpmsg_chrdev', 'rpmsg_ctrl', 'rpmsg_ns'] as const
type Driver = (typeof DRIVERS)[number]

/** /sys/bus/rpmsg and /sys/bus/virtio: the channels of all remotes, with their sockets. */
export class RpmsgBus {
  readonly rpmsg: Folder
  readonly virtio = new Folder()
  /** /sys/class/rpmsg */
  readonly class = new Folder()
  readonly #devices = new Folder()
  readonly #drivers: Readonly<Record<Driver, Folder>>
  readonly #options: RpmsgBusOptions
  readonly #virtio = new Map<KernelRproc, Virtio>()

  constructor(options: RpmsgBusOptions) {
    this.#options = options
    const driver = (): Folder => {
      // A channel has its driver from the beginning: whoever binds it finds that done.
      const bind = (text: string): Errno | undefined =>
        this.#devices.entries.has(wordOf(text)) ? undefined : 'ENODEV'
      return new Folder({ bind: { type: 'attribute', private: false, store: bind } })
    }
    this.#drivers = { rpmsg_chrdev: driver(), rpmsg_ctrl: driver(), rpmsg_ns: driver() }
    this.rpmsg = new Folder({ devices: this.#devices, drivers: new Folder(this.#drivers) })
  }

  /** A remote has come up that has an RPMsg device. */
  up(remote: KernelRproc): void {
    const number = lowestFree([...this.#virtio.values()].map((each) => each.number))
    const parent = `rproc-virtio.${number}.auto`
    const folder = new Folder({ subsystem: link('../../../../../../../bus/virtio') })
    this.#virtio.set(remote, { number, parent, folder, channels: new Map() })
    remote.sysfs.entries.set(parent, new Folder({ [`virtio${number}`]: folder }))
    this.virtio.entries.set(
      `virtio${number}`,
      link(`../../../devices/${remote.place}/${parent}/virtio${number}`),
    )
    // What Linux's own drivers have on each RPMsg device. There is no ioctl on a socket, so no rpmsg_ctrlN.
    this.#add(remote, `virtio${number}.rpmsg_ns.53.53`, 'rpmsg_ns', fixed('rpmsg_ns', 53))
    this.#add(remote, `virtio${number}.rpmsg_ctrl.0.0`, 'rpmsg_ctrl', fixed('rpmsg_ctrl', 0))
  }

  announced(remote: KernelRproc, name: string, address: number): void {
    const virtio = this.#virtio.get(remote)
    if (virtio === undefined) return
    const { place, framing, log, channelsMax } = this.#options
    const shown = virtio.channels.size
    if (shown >= channelsMax) {
      log(`${remote.label}: ENOSPC: it has ${shown} channels, and gets no device for one more`)
      return
    }
    const taken = [...this.#virtio.values()].flatMap(({ channels }) => [...channels.values()])
    const number = lowestFree(taken.map((each) => each.number))
    const socket = new ChannelSocket({
      ...{ remote, name, address, number },
      ...{ folder: place.dev, framing, log },
    })
    const device = deviceName(virtio, name, address)
    virtio.channels.set(device, { number, socket })
    this.#add(remote, device, 'rpmsg_chrdev', socket.sysfs)
    const at = `${placeOf(remote, virtio)}/${device}/rpmsg/rpmsg${number}`
    this.class.entries.set(`rpmsg${number}`, link(`../../devices/${at}`))
  }

  destroyed(remote: KernelRproc, name: string, address: number): void {
    const virtio = this.#virtio.get(remote)
    if (virtio !== undefined) this.#remove(virtio, deviceName(virtio, name, address))
  }

  /** A remote has left its life. */
  down(remote: KernelRproc): void {
    const virtio = this.#virtio.get(remote)
    if (virtio === undefined) return
    for (const name of [...virtio.folder.entries.keys()]) this.#remove(virtio, name)
    this.virtio.entries.delete(`virtio${virtio.number}`)
    remote.sysfs.entries.delete(virtio.parent)
    this.#virtio.delete(remote)
  }

  #add(remote: KernelRproc, device: string, driver: Driver, folder: Folder): void {
    const virtio = this.#virtio.get(remote)
    if (virtio === undefined) return
    const bus = '../../../../../../../../bus/rpmsg'
    const more: Readonly<Record<string, Node>> = {
      driver: link(`${bus}/drivers/${driver}`),
      driver_override: overridable(driver),
      subsystem: link(bus),
    }
    for (const [name, node] of Object.entries(more)) folder.entries.set(name, node)
    virtio.folder.entries.set(device, folder)
    const at = `../../../../devices/${placeOf(remote, virtio)}/${device}`
    this.#devices.entries.set(device, link(at.slice(3)))
    this.#drivers[driver].entries.set(device, link(at))
  }

  #remove(virtio: Virtio, device: string): void {
    const channel = virtio.channels.get(device)
    channel?.socket.close()
    if (channel !== undefined) this.class.entries.delete(`rpmsg${channel.number}`)
    virtio.channels.delete(device)
    virtio.folder.entries.delete(device)
    this.#devices.entries.delete(device)
    for (const driver of DRIVERS) this.#drivers[driver].entries.delete(device)
  }
}

/** As the kernel's: no name of a file has a slash. */
const deviceName = ({ number }: Virtio, name: string, address: number): string =>
  `virtio${number}.${name.replaceAll('/', '!')}.-1.${address}`

const placeOf = (remote: KernelRproc, { number, parent }: Virtio): string =>
  `${remote.place}/${parent}/virtio${number}`

/** A device of the kernel's own, at the same address at both ends. */
function fixed(name: string, address: number): Folder {
  const text = `0x${address.toString(16)}\n`
  return new Folder({
    name: attribute(() => `${name}\n`),
    src: attribute(() => text),
    dst: attribute(() => text),
    announce: attribute(() => 'false\n'),
    modalias: attribute(() => `rpmsg:${name}\n`),
    uevent: attribute(() => `DRIVER=${name}\nMODALIAS=rpmsg:${name}\n`),
  })
}

function overridable(driver: string): Node {
  let word = driver
  return attribute(
    () => `${word}\n`,
    (text) => {
      word = wordOf(text) || '(null)'
      return undefined
    },
  )
}

function lowestFree(taken: readonly number[]): number {
  let number = 0
  while (taken.includes(number)) number++
  return number
}
