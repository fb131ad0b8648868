import { isOpenampError, OpenampError } from '../../base/errors.js'
import { RPMSG_ADDR_ANY, type TransportEndpoint } from '../../rpmsg/index.js'
import type { Libc } from '../native/libc-node.js'
import {
  bindToChrdev,
  type ChannelDevice,
  channelsOf,
  controlsOf,
  endpointsOf,
  unbindFromChrdev,
} from './channels-node.js'
import { Control } from './control-node.js'
import { writable } from './firmware-path-node.js'
import { MessageFile } from './message-file-node.js'
import type { Tree } from './tree-node.js'

/** The kernel does not say which address it gave an endpoint of `rpmsg_ctrl`: it gets one that it never gives. */
const UNKNOWN_FROM = 0x8000_0000
/** Where services of this end's begin, which must have an address beforehand. */
const SERVICES_FROM = 0x400
const SERVICE_TRIES = 64

/** An endpoint of the kernel's that this program has open. */
export interface KernelEndpoint {
  readonly file: MessageFile
  readonly address: number
  readonly destination: number
  /** The device of its channel; undefined where it goes by addresses alone. */
  readonly device: string | undefined
  /** Undoes what was made for it. */
  readonly release: () => void
}

/** Makes endpoints of one remote, by the means that this program has. */
export class Endpoints {
  readonly #tree: Tree
  readonly #remote: string
  readonly #libc: Libc | undefined
  #unknown = UNKNOWN_FROM

  constructor(tree: Tree, remote: string, libc: Libc | undefined) {
    this.#tree = tree
    this.#remote = remote
    this.#libc = libc
  }

  /**
   * Opens an endpoint: the device that a driver of the kernel's offers for the channel; else rpmsg_chrdev is
   * bound to it, which needs root; else one is made through rpmsg_ctrl, which needs koffi.
   * @throws ERR_STATE where somebody else has the channel open, ERR_ADDRESS, ERR_SYSTEM
   */
  open(endpoint: TransportEndpoint, taken: ReadonlySet<number>): KernelEndpoint {
    const { name = '', address, destination, announce = false } = endpoint
    if (announce) return this.#service(name, address)
    const channel = channelsOf(this.#tree, this.#remote).find(
      (other) => other.name === name && other.destination === destination,
    )
    if (channel === undefined || address !== undefined) {
      return this.#throughControl(name, address, destination, channel)
    }
    if (channel.driver !== undefined) return this.#onDevice(channel, taken, false)
    if (this.#canBind(channel.device)) {
      bindToChrdev(this.#tree, channel.device)
      return this.#onDevice(this.#again(channel), taken, true)
    }
    return this.#throughControl(name, address, destination, channel)
  }

  #onDevice(channel: ChannelDevice, taken: ReadonlySet<number>, bound: boolean): KernelEndpoint {
    const { device, node, driver, source, destination } = channel
    const release = (): void => {
      if (bound) unbindFromChrdev(this.#tree, device)
    }
    if (node === undefined) {
      release()
      const what = `channel ${channel.name} belongs to the kernel's driver ${driver}`
      throw new OpenampError('ERR_STATE', `${what}, which offers it to no program`)
    }
    try {
      const file = new MessageFile(this.#tree.path(node))
      const known = source !== RPMSG_ADDR_ANY && !taken.has(source)
      const address = known ? source : this.#unknown++
      return { file, address, destination, device, release }
    } catch (error) {
      release()
      throw error
    }
  }

  #throughControl(
    name: string,
    address: number | undefined,
    destination = RPMSG_ADDR_ANY,
    channel: ChannelDevice | undefined,
  ): KernelEndpoint {
    const { libc, control, place } = this.#control(name, channel?.device.split('.')[0])
    const before = new Set(endpointsOf(this.#tree, place).map(({ node }) => node))
    control.createEndpoint({ name, source: address ?? RPMSG_ADDR_ANY, destination })
    const made = endpointsOf(this.#tree, place).filter(
      (other) =>
        !before.has(other.node) && other.name === name && other.destination === destination,
    )
    for (const { node } of made) {
      try {
        const file = new MessageFile(this.#tree.path(node))
        return {
          file,
          address: address ?? this.#unknown++,
          destination,
          device: channel?.device,
          release: () => file.destroyEndpoint(libc),
        }
      } catch (error) {
        // Somebody else has made the same at the same time, and was faster to open this one.
        if (!isOpenampError(error, 'ERR_STATE')) throw error
      }
    }
    throw new OpenampError(
      'ERR_SYSTEM',
      `${name}: the kernel made an endpoint that cannot be found`,
    )
  }

  /** A service of this end's: the kernel announces it once a driver has it. */
  #service(name: string, wanted: number | undefined): KernelEndpoint {
    const { control } = this.#control(name, undefined)
    for (let number = 0; number < SERVICE_TRIES; number++) {
      const source = wanted ?? SERVICES_FROM + number
      const info = { name, source, destination: RPMSG_ADDR_ANY }
      try {
        control.createDevice(info)
      } catch (error) {
        if (wanted === undefined && isOpenampError(error, 'ERR_ADDRESS')) continue
        throw error
      }
      try {
        const made = channelsOf(this.#tree, this.#remote).find(
          (other) => other.name === name && other.source === source,
        )
        if (made === undefined) throw new OpenampError('ERR_SYSTEM', `${name}: no such device`)
        if (made.driver === undefined) bindToChrdev(this.#tree, made.device)
        const node = this.#again(made).node
        if (node === undefined) throw new OpenampError('ERR_SYSTEM', `${name}: no driver has it`)
        return {
          file: new MessageFile(this.#tree.path(node)),
          address: source,
          destination: RPMSG_ADDR_ANY,
          device: made.device,
          release: () => control.releaseDevice(info),
        }
      } catch (error) {
        control.releaseDevice(info)
        // The address was in use: its driver could not be bound.
        if (wanted === undefined && number + 1 < SERVICE_TRIES) continue
        throw error
      }
    }
    throw new OpenampError('ERR_ADDRESS', `${name}: no address is free for a service`)
  }

  #control(
    name: string,
    virtio: string | undefined,
  ): { readonly libc: Libc; readonly control: Control; readonly place: string } {
    const controls = controlsOf(this.#tree, this.#remote)
    const found = controls.find((other) => virtio === undefined || other.virtio === virtio)
    const libc = this.#libc
    if (libc === undefined) {
      const why = 'no driver has it, and to make one takes root, or ioctls'
      throw new OpenampError(
        'ERR_SYSTEM',
        `endpoint ${name}: ${why}, which need the optional package koffi: npm install koffi`,
      )
    }
    if (found === undefined) {
      const why =
        'the remote has no control device: the kernel needs rpmsg_ctrl (CONFIG_RPMSG_CTRL)'
      throw new OpenampError('ERR_SYSTEM', `endpoint ${name}: ${why}`)
    }
    const control = new Control(libc, this.#tree.path(found.node))
    return { libc, control, place: found.place }
  }

  #canBind(device: string): boolean {
    const bus = 'sys/bus/rpmsg'
    return (
      writable(this.#tree.path(`${bus}/devices/${device}/driver_override`)) &&
      writable(this.#tree.path(`${bus}/drivers/rpmsg_chrdev/bind`))
    )
  }

  #again({ device }: ChannelDevice): ChannelDevice {
    const now = channelsOf(this.#tree, this.#remote).find((other) => other.device === device)
    if (now !== undefined) return now
    throw new OpenampError('ERR_CLOSED', `${device}: the channel is gone`)
  }
}
