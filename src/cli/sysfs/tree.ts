/** What a store is refused with, with its number in Linux. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ERANGE: 34,
  ENOSYS: 38,
  EOPNOTSUPP: 95,
} as const

export type Errno = keyof typeof ERRNO

export interface Directory {
  readonly type: 'directory'
  readonly entries: ReadonlyMap<string, Node>
}

/** A file as sysfs has them: each read is an answer, each write an order. */
export interface Attribute {
  readonly type: 'attribute'
  readonly show?: () => string | Uint8Array
  /** @returns what the order is refused with; undefined where it was carried out */
  readonly store?: (text: string) => Errno | undefined | Promise<Errno | undefined>
  /** Of debugfs, or a dump: nobody but its owner has it, and no size is said. */
  readonly private: boolean
}

/** A symbolic link. */
export interface Link {
  readonly type: 'link'
  readonly target: string
}

export type Node = Directory | Attribute | Link

/** A directory whose entries come and go. */
export class Folder implements Directory {
  readonly type = 'directory'
  readonly entries = new Map<string, Node>()

  constructor(entries: Readonly<Record<string, Node>> = {}) {
    for (const [name, node] of Object.entries(entries)) this.entries.set(name, node)
  }
}

export function attribute(show: () => string | Uint8Array, store?: Attribute['store']): Attribute {
  return { type: 'attribute', show, private: false, ...(store && { store }) }
}

/** One of debugfs. */
export function privateAttribute(show: Attribute['show'], store?: Attribute['store']): Attribute {
  return { type: 'attribute', private: true, ...(show && { show }), ...(store && { store }) }
}

export const link = (target: string): Link => ({ type: 'link', target })

/** st_mode of a node. */
export function modeOf(node: Node): number {
  if (node.type === 'directory') return 0o40_755
  if (node.type === 'link') return 0o120_777
  const read = node.private ? 0o400 : 0o444
  return 0o100_000 + (node.show ? read : 0) + (node.store ? 0o200 : 0)
}

/** What an attribute holds now. */
export function bytesOf({ show }: Attribute): Uint8Array {
  const shown = show?.() ?? ''
  return typeof shown === 'string' ? new TextEncoder().encode(shown) : shown
}

/** A word as the kernel compares it (sysfs_streq): one line feed behind it does not count. */
export const wordOf = (text: string): string => text.replace(/\n$/, '')
