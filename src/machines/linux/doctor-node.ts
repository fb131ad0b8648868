import { accessSync, constants } from 'node:fs'
import { sep } from 'node:path'
import { loadLibc } from '../native/libc-node.js'
import { debugPath } from './debugfs-node.js'
import { memoryOf, processorNodes } from './device-tree-node.js'
import {
  findFirmware,
  firmwareFolders,
  PATH_PARAMETER,
  writable,
  writablePlace,
} from './firmware-path-node.js'
import { listRemotes, type RemoteDevice, remotePath } from './remotes-node.js'
import { Tree } from './tree-node.js'

/** One thing that was looked at. */
export interface Check {
  /** "firmware path" */
  readonly name: string
  /** `missing`: nothing works without it. `limited`: something does not. */
  readonly state: 'ok' | 'limited' | 'missing'
  /** What was found, with its place. */
  readonly found: string
  /** What to do about it; undefined where there is nothing to do. */
  readonly mend?: string
}

export interface CheckOptions {
  /** The folder below which /sys, /dev and /lib/firmware are; '/' unless given. */
  readonly root?: string
}

const ok = (name: string, found: string): Check => ({ name, state: 'ok', found })
const limited = (name: string, found: string, mend: string): Check => ({
  ...{ name, state: 'limited', found, mend },
})
const missing = (name: string, found: string, mend: string): Check => ({
  ...{ name, state: 'missing', found, mend },
})

const UDEV = 'be root, or let openamp linux udev say what rules a group of users needs'

/** Looks at what a Linux machine needs for its remote processors, and says how to mend what is missing. */
export async function checkLinux({ root = '/' }: CheckOptions = {}): Promise<readonly Check[]> {
  const tree = new Tree(root)
  const remotes = listRemotes(tree)
  return [
    checkRemoteproc(tree, remotes),
    ...remotes.flatMap((remote) => [
      checkPermission(tree, remote),
      checkFirmware(tree, remote),
      ...checkMemory(tree, remote),
    ]),
    checkFirmwarePath(tree),
    ...checkRpmsg(tree),
    checkDebugfs(tree, remotes),
    ...checkCoredumps(tree),
    checkCdev(tree, remotes),
    await checkKoffi(),
  ]
}

function checkRemoteproc(tree: Tree, remotes: readonly RemoteDevice[]): Check {
  const name = 'remote processors'
  const path = tree.path('sys/class/remoteproc')
  if (!tree.has('sys/class/remoteproc')) {
    const mend =
      "a kernel with CONFIG_REMOTEPROC and your chip's driver (stm32_rproc, imx_rproc, " +
      'xlnx_r5_remoteproc, ti_k3_m4_remoteproc, ti_k3_r5_remoteproc); where that is a module: modprobe it'
    return missing(name, `${path}: not there, so the kernel has no remoteproc`, mend)
  }
  if (remotes.length > 0) {
    return ok(name, remotes.map(({ id, name, state }) => `${id} (${name}): ${state}`).join(', '))
  }
  const nodes = processorNodes(tree)
  const disabled = nodes.find(({ enabled }) => !enabled)
  if (disabled !== undefined) {
    const mend = `set status = "okay" in that node of the device tree, or load the vendor's overlay`
    return missing(name, `${path} is empty; ${disabled.path} is disabled in the device tree`, mend)
  }
  const [node] = nodes
  if (node !== undefined) {
    const mend = `load its driver (modprobe), and see dmesg | grep -i -e remoteproc -e rproc`
    return missing(name, `${path} is empty; no driver has ${node.path} (${node.compatible})`, mend)
  }
  const mend = "a device tree with a node for the remote processor: the vendor's, or an overlay"
  return missing(
    name,
    `${path} is empty; the device tree names no remote processor known here`,
    mend,
  )
}

function checkPermission(tree: Tree, { id }: RemoteDevice): Check {
  const name = `${id}: permission`
  const refused = ['state', 'firmware'].filter(
    (file) => !allowed(tree, `${remotePath(id)}/${file}`),
  )
  if (refused.length === 0) return ok(name, 'state and firmware can be written')
  return missing(
    name,
    `${tree.path(remotePath(id))}: ${refused.join(' and ')} cannot be written`,
    UDEV,
  )
}

function checkFirmware(tree: Tree, { id, firmware, state }: RemoteDevice): Check {
  const name = `${id}: firmware`
  if (state !== 'offline' || findFirmware(tree, firmware) !== undefined) {
    return ok(name, firmware === 'unknown' ? 'started by somebody else' : firmware)
  }
  const where = firmwareFolders(tree).at(-1)
  const mend = `put it into ${where}, or give a program of yours an image: openamp start FIRMWARE.elf`
  return limited(name, `${firmware} is in none of the kernel's folders, or cannot be read`, mend)
}

function checkMemory(tree: Tree, remote: RemoteDevice): readonly Check[] {
  const name = `${remote.id}: reserved memory`
  const memory = memoryOf(tree, remote.node)
  if (memory === undefined) return []
  const { regions, unresolved } = memory
  const mend =
    'a node in reserved-memory for each carve-out, ring and buffer (vdev0vring0, vdev0vring1, ' +
    "vdev0buffer), and memory-region in the processor's node that names them"
  if (unresolved > 0) {
    const found = `memory-region of ${remote.node} names ${unresolved} nodes that are not there`
    return [missing(name, found, mend)]
  }
  if (regions.length > 0) return [ok(name, regions.join(', '))]
  return [limited(name, `${remote.node} has no memory-region: the kernel allocates anywhere`, mend)]
}

function checkFirmwarePath(tree: Tree): Check {
  const name = 'firmware path'
  const place = writablePlace(tree)
  const folders = firmwareFolders(tree)
  if (place !== undefined) return ok(name, `${tree.path(place.folder, place.below)} can be written`)
  if (tree.line(PATH_PARAMETER) === '' && writable(tree.path(PATH_PARAMETER))) {
    return ok(name, `no folder of ${folders.join(', ')} can be written, but the path can be set`)
  }
  const found = `none of ${folders.join(', ')} can be written, nor ${tree.path(PATH_PARAMETER)} be set`
  const mend = 'be root, or make a folder /lib/firmware/openamp that you can write to'
  return limited(name, found, mend)
}

function checkRpmsg(tree: Tree): readonly Check[] {
  const name = 'messages'
  if (!tree.has('sys/bus/rpmsg')) {
    const mend = 'a kernel with CONFIG_RPMSG_VIRTIO; modprobe virtio_rpmsg_bus'
    return [
      missing(name, `${tree.path('sys/bus/rpmsg')}: not there, so there are no channels`, mend),
    ]
  }
  const drivers = 'sys/bus/rpmsg/drivers'
  const wanted = [
    ['rpmsg_chrdev', 'CONFIG_RPMSG_CHAR; modprobe rpmsg_char'],
    ['rpmsg_ctrl', 'CONFIG_RPMSG_CTRL; modprobe rpmsg_ctrl'],
    ['rpmsg_tty', 'CONFIG_RPMSG_TTY, where a remote offers serial lines; modprobe rpmsg_tty'],
  ] as const
  return wanted.map(([driver, mend]) => {
    if (tree.has(drivers, driver)) return ok(`messages: ${driver}`, 'the driver is there')
    return limited(`messages: ${driver}`, `${tree.path(drivers, driver)}: not there`, mend)
  })
}

function checkDebugfs(tree: Tree, remotes: readonly RemoteDevice[]): Check {
  const name = 'debugfs'
  const path = tree.path('sys/kernel/debug')
  const mount = 'mount -t debugfs debugfs /sys/kernel/debug (a kernel with CONFIG_DEBUG_FS)'
  const lost = 'no trace buffers, resource tables, carve-outs'
  const [remote] = remotes
  if (tree.list('sys/kernel/debug').length === 0) {
    if (!readable(path)) return limited(name, `${path} cannot be read: ${lost}`, 'be root')
    return limited(name, `${path} is not mounted: ${lost}`, mount)
  }
  if (remote !== undefined && !tree.has(debugPath(remote.id))) {
    const found = `${tree.path(debugPath(remote.id))}: not there: ${lost}`
    return limited(name, found, 'a kernel whose remoteproc has CONFIG_DEBUG_FS')
  }
  return ok(name, path)
}

function checkCoredumps(tree: Tree): readonly Check[] {
  if (tree.line('sys/class/devcoredump/disabled') !== '1') return []
  const found = `${tree.path('sys/class/devcoredump/disabled')} is 1: the kernel keeps no coredumps`
  return [limited('coredumps', found, 'it cannot be undone before the next boot of the kernel')]
}

function checkCdev(tree: Tree, remotes: readonly RemoteDevice[]): Check {
  const name = 'stop with the program'
  const device = remotes.map(({ id }) => `dev/${id}`).find((path) => tree.has(path))
  if (device === undefined) {
    const found = 'there is no /dev/remoteprocN, so a remote outlives a program that is killed'
    return limited(name, found, 'a kernel with CONFIG_REMOTEPROC_CDEV')
  }
  if (allowed(tree, device)) return ok(name, tree.path(device))
  return limited(name, `${tree.path(device)} cannot be opened`, UDEV)
}

async function checkKoffi(): Promise<Check> {
  const name = 'koffi'
  try {
    await loadLibc('openamp/linux', ['arm'])
    return ok(name, 'ioctls, uevents and epoll are at hand')
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    const lost = 'without it: no endpoints through rpmsg_ctrl, and changes are looked for'
    return limited(name, `${found}; ${lost}`, 'npm install koffi')
  }
}

function allowed(tree: Tree, path: string): boolean {
  return writable(tree.path(...path.split(sep)))
}

function readable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
