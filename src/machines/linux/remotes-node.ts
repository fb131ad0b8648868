import { OpenampError } from '../../base/errors.js'
import { type ChannelDevice, channelsOf } from './channels-node.js'
import type { Tree } from './tree-node.js'

const CLASS = 'sys/class/remoteproc'
const DEVICE_TREE = 'sys/firmware/devicetree/base'

/** A remote processor of this machine, as sysfs shows it. */
export interface RemoteDevice {
  /** "remoteproc0" */
  readonly id: string
  /** "stm32-m4"; often the device's name in the device tree. */
  readonly name: string
  readonly state: string
  readonly firmware: string
  readonly recovery: string | undefined
  readonly coredump: string | undefined
  /** Its node in the device tree, "/soc/m4@10000000". */
  readonly node: string | undefined
  /** Names of that node in the device tree: "rproc0". */
  readonly aliases: readonly string[]
  readonly channels: readonly ChannelDevice[]
}

/** Where the attributes of a remote are, below the root. */
export const remotePath = (id: string): string => `${CLASS}/${id}`

/** All remote processors, in the order of their numbers. */
export function listRemotes(tree: Tree): readonly RemoteDevice[] {
  const aliases = aliasesOf(tree)
  return tree.list(CLASS).flatMap((id) => {
    const state = tree.line(CLASS, id, 'state')
    if (state === undefined) return []
    const node = nodeOf(tree, id)
    return [
      {
        id,
        name: tree.line(CLASS, id, 'name') ?? id,
        state,
        firmware: tree.line(CLASS, id, 'firmware') ?? '',
        recovery: tree.line(CLASS, id, 'recovery'),
        coredump: tree.line(CLASS, id, 'coredump'),
        node,
        aliases: node === undefined ? [] : (aliases.get(node) ?? []),
        channels: channelsOf(tree, id),
      },
    ]
  })
}

/**
 * The remote that a program means: "remoteproc0" or 0, its name, an alias of the device tree or the node
 * there; the only one where nothing is said.
 * @throws ERR_SYSTEM where there is none, ERR_USAGE where several fit or the one that is meant is missing
 */
export function findRemote(tree: Tree, wanted: string | number | undefined): RemoteDevice {
  const all = listRemotes(tree)
  const there = all.map(({ id, name }) => `${id} (${name})`).join(', ')
  if (all.length === 0) {
    const why = 'the kernel has no remote processor: openamp doctor says what is missing'
    throw new OpenampError('ERR_SYSTEM', `${tree.path(CLASS)}: ${why}`)
  }
  const text = wanted === undefined ? undefined : String(wanted)
  const isNumber = text !== undefined && /^\d+$/.test(text)
  const found = all.filter(
    ({ id, name, node, aliases }) =>
      text === undefined ||
      id === (isNumber ? `remoteproc${text}` : text) ||
      (!isNumber && (name === text || node === text || aliases.includes(text))),
  )
  const [first, second] = found
  if (first === undefined) {
    throw new OpenampError('ERR_USAGE', `there is no remote processor "${text}"; there is ${there}`)
  }
  if (second !== undefined) {
    const meant = text === undefined ? 'which remote processor is meant?' : `"${text}" is several`
    throw new OpenampError('ERR_USAGE', `${meant}; there is ${there}`)
  }
  return first
}

/** The node of a remote's device in the device tree, as its aliases write it. */
function nodeOf(tree: Tree, id: string): string | undefined {
  const base = tree.target(DEVICE_TREE)
  const place = tree.target(CLASS, id, 'device', 'of_node') ?? tree.target(CLASS, id, 'of_node')
  if (base === undefined || place === undefined || !place.startsWith(`${base}/`)) return undefined
  return place.slice(base.length)
}

/** Names in /aliases, by the node that they stand for. */
function aliasesOf(tree: Tree): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, readonly string[]>()
  for (const alias of tree.list(DEVICE_TREE, 'aliases')) {
    // A string of the device tree has a NUL at its end.
    const node = tree.text(DEVICE_TREE, 'aliases', alias)?.replace(/\0.*$/s, '')
    if (node === undefined || alias === 'name') continue
    names.set(node, [...(names.get(node) ?? []), alias])
  }
  return names
}
