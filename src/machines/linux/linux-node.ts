import type { KernelListener, KernelMachine } from '../../remoteproc/index.js'
import { type Libc, loadLibc } from '../native/libc-node.js'
import { watchRemote } from './changes-node.js'
import { LinuxRemote } from './remote-node.js'
import { findRemote, listRemotes, type RemoteDevice } from './remotes-node.js'
import { Tree } from './tree-node.js'

export interface LinuxOptions {
  /**
   * Which remote processor: "remoteproc0" or 0, its name ("stm32-m4"), an alias of the device tree
   * ("rproc0") or its node there. The only one, unless given.
   */
  readonly remote?: string | number
  /**
   * The kernel stops the remote when this program ends, even if it is killed: needs
   * CONFIG_REMOTEPROC_CDEV and koffi. Off unless given.
   */
  readonly stopOnExit?: boolean
  /** Bytes of the largest message; 496 unless given, which is what Linux's own buffers carry. */
  readonly payloadSize?: number
  /** The folder below which /sys, /dev and /lib/firmware are; '/' unless given. */
  readonly root?: string
}

/** What Linux's buffers of 512 bytes carry (MAX_RPMSG_BUF_SIZE of virtio_rpmsg_bus.c). */
const PAYLOAD_SIZE = 496

/**
 * A remote processor of this machine, with the Linux kernel as its host.
 *
 * @example
 * await using rproc = await Remoteproc.init({ firmware: file('fw.elf'), machine: linux() })
 * await rproc.boot()
 * @throws from `init`: ERR_SYSTEM where there is none or something is not allowed, ERR_USAGE where it is
 *   not clear which is meant
 */
export function linux(options: LinuxOptions = {}): KernelMachine {
  const { remote } = options
  return {
    kind: 'kernel',
    name: `Linux${remote === undefined ? '' : ` (${remote})`}`,
    open: (listener) => open(options, listener),
  }
}

/**
 * A remote processor of this machine for programs that have no part in its life: they look at it, start and
 * stop it in the kernel's words, and talk to it. To be closed, which leaves it as it is.
 * @throws as `linux`
 */
export async function linuxRemote(options: LinuxOptions = {}): Promise<LinuxRemote> {
  const changes: { remote?: LinuxRemote } = {}
  const remote = await open(options, { changed: () => changes.remote?.onChanged(), note: () => {} })
  changes.remote = remote
  return remote
}

/**
 * The remote processors of this machine.
 * @param root as `LinuxOptions.root`
 */
export function linuxRemotes(root = '/'): readonly RemoteDevice[] {
  return listRemotes(new Tree(root))
}

async function open(options: LinuxOptions, listener: KernelListener): Promise<LinuxRemote> {
  const { remote: wanted, stopOnExit = false, payloadSize = PAYLOAD_SIZE, root = '/' } = options
  const tree = new Tree(root)
  const device = findRemote(tree, wanted)
  const libc = await optionalLibc()
  const remote = new LinuxRemote(tree, device, { libc, stopOnExit, payloadSize })
  const { note, close } = watchRemote(tree, device.id, {
    libc,
    changed: () => listener.changed(),
    asked: () => remote.heardWrite(),
  })
  remote.onClose = close
  if (note !== undefined) listener.note(note)
  return remote
}

/** The C library, where the package for it is installed; most is to be had without it. */
async function optionalLibc(): Promise<Libc | undefined> {
  return loadLibc('openamp/linux', ['arm']).catch(() => undefined)
}
