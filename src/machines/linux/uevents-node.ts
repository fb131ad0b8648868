import { closeSync } from 'node:fs'
import {
  AF_NETLINK,
  type Libc,
  MSG_DONTWAIT,
  NETLINK_KOBJECT_UEVENT,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from '../native/libc-node.js'
import { Poller } from '../native/poller-node.js'

/** struct sockaddr_nl, with the kernel's own group of uevents. */
const ADDRESS_BYTES = 12
const GROUPS = 8
const KERNEL_GROUP = 1

const decoder = new TextDecoder()

/**
 * Hears the kernel's uevents: "add@/devices/…/virtio0.rpmsg-raw.-1.1024". Anybody may, but in a container
 * with a network of its own there are none.
 * @param heard is called with action and path of each
 * @returns ends it; undefined where the kernel refuses
 */
export function hearUevents(
  libc: Libc,
  heard: (action: string, path: string) => void,
): (() => void) | undefined {
  const type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC
  const fd = libc.socket(AF_NETLINK, type, NETLINK_KOBJECT_UEVENT)
  if (fd < 0) return undefined
  const address = new DataView(new ArrayBuffer(ADDRESS_BYTES))
  address.setUint16(0, AF_NETLINK, true)
  address.setUint32(GROUPS, KERNEL_GROUP, true)
  const bound = libc.bind(fd, new Uint8Array(address.buffer), ADDRESS_BYTES) === 0
  const message = new Uint8Array(8192)
  const read = (): void => {
    for (;;) {
      const length = libc.recv(fd, message, message.length, MSG_DONTWAIT)
      if (length <= 0) {
        // Some were lost because we were slow: whoever listens looks at everything anyway.
        return
      }
      const [action = '', path = ''] = decoder
        .decode(message.subarray(0, Math.max(0, message.indexOf(0))))
        .split('@')
      heard(action, path)
    }
  }
  const unwatch = bound ? Poller.shared(libc).watch(fd, 'readable', read) : undefined
  if (unwatch === undefined) {
    closeSync(fd)
    return undefined
  }
  return () => {
    unwatch()
    closeSync(fd)
  }
}
