import { bytesOf, modeOf, type Node } from './tree.js'

// include/uapi/linux/fuse.h: the messages of the kernel's, as far as a tree of attributes has them.
export const OPCODE = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  MKNOD: 8,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  ACCESS: 34,
  CREATE: 35,
  INTERRUPT: 36,
  DESTROY: 38,
  BATCH_FORGET: 42,
} as const

/** struct fuse_in_header, fuse_write_in. */
const IN_HEADER = 40
const WRITE_IN = 40
const OUT_HEADER = 16
/** FUSE_ATOMIC_O_TRUNC: an open that truncates is one request; there is nothing to truncate here. */
const ATOMIC_O_TRUNC = 8
/** FOPEN_DIRECT_IO: each read and write comes here, whatever the size says. */
const DIRECT_IO = 1
export const MAX_WRITE = 0x1_0000
/** A read of the device gives one request, whole, and wants room for the largest. */
export const REQUEST_ROOM = MAX_WRITE + 0x1000

/** struct fuse_in_header, with what follows it. */
export interface Request {
  readonly opcode: number
  readonly unique: bigint
  readonly node: bigint
  readonly body: Buffer
}

export function requestOf(bytes: Buffer): Request {
  return {
    opcode: bytes.readUInt32LE(4),
    unique: bytes.readBigUInt64LE(8),
    node: bytes.readBigUInt64LE(16),
    body: bytes.subarray(IN_HEADER),
  }
}

/** fuse_out_header and `body`; an error has none. */
export function reply(
  { unique }: Request,
  body: Uint8Array = new Uint8Array(0),
  error = 0,
): Buffer {
  const bytes = Buffer.alloc(OUT_HEADER + body.length)
  bytes.writeUInt32LE(bytes.length)
  bytes.writeInt32LE(-error, 4)
  bytes.writeBigUInt64LE(unique, 8)
  bytes.set(body, OUT_HEADER)
  return bytes
}

/** The name in a request: its bytes end with a NUL. */
export const nameIn = (body: Buffer): string => body.toString('utf8', 0, body.indexOf(0))

/** fuse_open_in. */
export const openFlags = (body: Buffer): number => body.readUInt32LE(0)

/** fuse_read_in. */
export function readRange(body: Buffer): { readonly offset: number; readonly size: number } {
  return { offset: Number(body.readBigUInt64LE(8)), size: body.readUInt32LE(16) }
}

/** fuse_write_in, and what is written. */
export function written(body: Buffer): Buffer {
  return body.subarray(WRITE_IN, WRITE_IN + body.readUInt32LE(16))
}

/** fuse_forget_in, or fuse_batch_forget_in: which nodes are let go of, and how often. */
export function forgotten({ opcode, node, body }: Request): readonly (readonly [bigint, bigint])[] {
  if (opcode === OPCODE.FORGET) return [[node, body.readBigUInt64LE(0)]]
  return Array.from({ length: body.readUInt32LE(0) }, (_, i) => [
    body.readBigUInt64LE(8 + 16 * i),
    body.readBigUInt64LE(16 + 16 * i),
  ])
}

/** fuse_init_out. */
export function initOut(): Buffer {
  const bytes = Buffer.alloc(64)
  bytes.writeUInt32LE(7, 0)
  bytes.writeUInt32LE(31, 4)
  bytes.writeUInt32LE(ATOMIC_O_TRUNC, 12)
  bytes.writeUInt16LE(16, 16) // max_background
  bytes.writeUInt16LE(12, 18) // congestion_threshold
  bytes.writeUInt32LE(MAX_WRITE, 20)
  bytes.writeUInt32LE(1, 24) // time_gran
  return bytes
}

/** fuse_open_out. */
export function openOut(): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32LE(DIRECT_IO, 8)
  return bytes
}

/** fuse_write_out. */
export function writeOut(size: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(size)
  return bytes
}

/** fuse_statfs_out. */
export function statfsOut(): Buffer {
  const bytes = Buffer.alloc(80)
  bytes.writeUInt32LE(4096, 40)
  bytes.writeUInt32LE(255, 44)
  bytes.writeUInt32LE(4096, 48)
  return bytes
}

/** fuse_attr_out; nothing is to be remembered for any time. */
export function attrOut(node: Node, id: bigint, time: number): Buffer {
  return Buffer.concat([Buffer.alloc(16), attributes(node, id, time)])
}

/** fuse_entry_out. */
export function entryOut(node: Node, id: bigint, time: number): Buffer {
  const head = Buffer.alloc(40)
  head.writeBigUInt64LE(id, 0)
  return Buffer.concat([head, attributes(node, id, time)])
}

/** struct fuse_attr. */
function attributes(node: Node, id: bigint, time: number): Buffer {
  const bytes = Buffer.alloc(88)
  bytes.writeBigUInt64LE(id, 0)
  bytes.writeBigUInt64LE(BigInt(sizeOf(node)), 8)
  for (const at of [24, 32, 40]) bytes.writeBigUInt64LE(BigInt(time), at)
  bytes.writeUInt32LE(modeOf(node), 60)
  bytes.writeUInt32LE(node.type === 'directory' ? 2 : 1, 64)
  bytes.writeUInt32LE(process.getuid?.() ?? 0, 68)
  bytes.writeUInt32LE(process.getgid?.() ?? 0, 72)
  bytes.writeUInt32LE(4096, 80)
  return bytes
}

/** A page, as sysfs says of each attribute; what is longer says its length. */
function sizeOf(node: Node): number {
  if (node.type === 'directory') return 0
  if (node.type === 'link') return Buffer.byteLength(node.target)
  return node.private ? 0 : Math.max(4096, bytesOf(node).length)
}

/** struct fuse_dirent, padded; `next` is where reading goes on behind it. */
export function dirent(name: string, node: Node, id: bigint, next: number): Buffer {
  const bytes = Buffer.from(name)
  const entry = Buffer.alloc(Math.ceil((24 + bytes.length) / 8) * 8)
  entry.writeBigUInt64LE(id, 0)
  entry.writeBigUInt64LE(BigInt(next), 8)
  entry.writeUInt32LE(bytes.length, 16)
  entry.writeUInt32LE(modeOf(node) >> 12, 20)
  entry.set(bytes, 24)
  return entry
}
