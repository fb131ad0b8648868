import { sep } from 'node:path'
import type { Tree } from './tree-node.js'

const DEVICES = 'sys/bus/rpmsg/devices'
/** Devices of the kernel's own, one of each for a virtio device. */
const OWN: readonly string[] = ['rpmsg_ctrl', 'rpmsg_ns']
const ANY = 0xffff_ffff

/** A device of the RPMsg bus: a channel that the remote has announced, or one of this end's. */
export interface ChannelDevice {
  /** "virtio0.rpmsg-raw.-1.1024" */
  readonly device: string
  readonly name: string
  /** The kernel's own address; RPMSG_ADDR_ANY while no driver is bound. */
  readonly source: number
  /** The remote's; RPMSG_ADDR_ANY for a service of this end's. */
  readonly destination: number
  /** The kernel's driver that has it: "rpmsg_chrdev", "rpmsg_tty". */
  readonly driver: string | undefined
  /** What that driver offers to programs: "/dev/rpmsg0", "/dev/ttyRPMSG0", below the tree's root. */
  readonly node: string | undefined
}

/** The channels of a remote processor, by the name of its device ("remoteproc0"). */
export function channelsOf(tree: Tree, remote: string): readonly ChannelDevice[] {
  return tree.list(DEVICES).flatMap((device) => {
    const place = tree.target(DEVICES, device)
    if (place === undefined || !place.split(sep).includes(remote)) return []
    const name = tree.line(DEVICES, device, 'name')
    if (name === undefined || OWN.includes(name)) return []
    return [channel(tree, device, name)]
  })
}

function channel(tree: Tree, device: string, name: string): ChannelDevice {
  const address = (attribute: string): number => {
    const value = Number(tree.line(DEVICES, device, attribute))
    return Number.isInteger(value) ? value >>> 0 : ANY
  }
  return {
    device,
    name,
    source: address('src'),
    destination: address('dst'),
    driver: tree.target(DEVICES, device, 'driver')?.split(sep).at(-1),
    node: nodeOf(tree, device),
  }
}

/** The character device that a driver has made for a channel. */
function nodeOf(tree: Tree, device: string): string | undefined {
  const [node] = [...tree.list(DEVICES, device, 'rpmsg'), ...tree.list(DEVICES, device, 'tty')]
  return node === undefined ? undefined : `/dev/${node}`
}

/** The control devices of a remote ("/dev/rpmsg_ctrl0"), each with where it is in sysfs. */
export function controlsOf(
  tree: Tree,
  remote: string,
): readonly { readonly node: string; readonly place: string; readonly virtio: string }[] {
  return tree.list(DEVICES).flatMap((device) => {
    const place = tree.target(DEVICES, device)
    if (place === undefined || !place.split(sep).includes(remote)) return []
    return tree.list(DEVICES, device, 'rpmsg').flatMap((node) =>
      node.startsWith('rpmsg_ctrl')
        ? [
            {
              node: `/dev/${node}`,
              place: `${DEVICES}/${device}/rpmsg/${node}`,
              virtio: device.split('.')[0] ?? '',
            },
          ]
        : [],
    )
  })
}

/** The endpoints that were made through a control device, which lie in its folder in sysfs. */
export function endpointsOf(
  tree: Tree,
  control: string,
): readonly { readonly node: string; readonly name: string; readonly destination: number }[] {
  const nodes = tree.list(control).filter((name) => /^rpmsg\d+$/.test(name))
  return nodes.map((node) => ({
    node: `/dev/${node}`,
    name: tree.line(control, node, 'name') ?? '',
    destination: Number(tree.line(control, node, 'dst')) >>> 0,
  }))
}

/**
 * What tells one boot of a remote from another: its virtio devices, as folders in sysfs.
 * @returns undefined while it has none
 */
export function lifeOf(tree: Tree, remote: string): string | undefined {
  const devices = 'sys/bus/virtio/devices'
  const lives = tree.list(devices).flatMap((name) => {
    const place = tree.target(devices, name)
    if (place === undefined || !place.split(sep).includes(remote)) return []
    return [`${name}:${tree.identity(devices, name)}`]
  })
  return lives.length === 0 ? undefined : lives.join(' ')
}

/** Has `rpmsg_chrdev` take a channel for which there is no driver. @throws ERR_SYSTEM */
export function bindToChrdev(tree: Tree, device: string): void {
  tree.writeNow(`${DEVICES}/${device}/driver_override`, 'rpmsg_chrdev')
  tree.writeNow('sys/bus/rpmsg/drivers/rpmsg_chrdev/bind', device)
}

/** Undoes `bindToChrdev`, where the channel is still there. */
export function unbindFromChrdev(tree: Tree, device: string): void {
  if (!tree.has(DEVICES, device)) return
  try {
    tree.writeNow('sys/bus/rpmsg/drivers/rpmsg_chrdev/unbind', device)
    tree.writeNow(`${DEVICES}/${device}/driver_override`, '\n')
  } catch {
    // It has gone meanwhile.
  }
}
