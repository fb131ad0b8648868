import { closeSync, constants, readSync, writeSync } from 'node:fs'
import { OpenampError } from '../../base/errors.js'
import { type Libc, loadLibc } from '../../machines/native/libc-node.js'
import { Poller } from '../../machines/native/poller-node.js'
import { mountFuse } from './fuse-mount.js'
import {
  attrOut,
  dirent,
  entryOut,
  forgotten,
  initOut,
  nameIn,
  OPCODE,
  openFlags,
  openOut,
  REQUEST_ROOM,
  type Request,
  readRange,
  reply,
  requestOf,
  statfsOut,
  writeOut,
  written,
} from './fuse-protocol.js'
import { bytesOf, type Directory, ERRNO, type Errno, type Node } from './tree.js'

const ROOT = 1n

interface Known {
  readonly node: Node
  lookups: bigint
}

/**
 * Serves a tree through the kernel's FUSE: what an order is refused with reaches the program that
 * wrote it, as from sysfs itself.
 */
export class FuseServer {
  readonly #fd: number
  readonly #unmount: () => void
  readonly #unwatch: () => void
  readonly #known = new Map<bigint, Known>()
  readonly #ids = new Map<Node, bigint>()
  #last = ROOT
  readonly #room = Buffer.alloc(REQUEST_ROOM)
  readonly #born = Math.floor(Date.now() / 1000)

  /** @throws ERR_SYSTEM where FUSE is not at hand, or mounting takes rights that this user has not */
  static async mount(root: Directory, at: string): Promise<FuseServer> {
    return new FuseServer(await loadLibc('FUSE'), root, at)
  }

  private constructor(libc: Libc, root: Directory, at: string) {
    this.#known.set(ROOT, { node: root, lookups: 1n })
    this.#ids.set(root, ROOT)
    const mounted = mountFuse(libc, at)
    const { fd } = mounted
    const unwatch = Poller.shared(libc).watch(fd, 'readable', () => this.#serve())
    if (unwatch === undefined) {
      mounted.unmount()
      closeSync(fd)
      throw new OpenampError('ERR_SYSTEM', '/dev/fuse cannot be waited for')
    }
    this.#fd = fd
    this.#unmount = () => mounted.unmount()
    this.#unwatch = unwatch
  }

  close(): void {
    this.#unwatch()
    this.#unmount()
    closeSync(this.#fd)
  }

  #serve(): void {
    let length: number
    try {
      length = readSync(this.#fd, this.#room)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      // The request was called off, or somebody has unmounted it: there is nobody to serve then.
      if (code === 'ENODEV') this.#unwatch()
      else if (code !== 'EAGAIN' && code !== 'EINTR' && code !== 'ENOENT') throw error
      return
    }
    const request = requestOf(Buffer.from(this.#room.subarray(0, length)))
    const answer = this.#answer(request)
    if (answer === undefined) return
    if (answer instanceof Promise) {
      answer.then(
        (body) => this.#reply(request, body),
        () => this.#reply(request, 'EIO'),
      )
    } else this.#reply(request, answer)
  }

  #reply(request: Request, answer: Uint8Array | Errno): void {
    const bytes =
      typeof answer === 'string' ? reply(request, undefined, ERRNO[answer]) : reply(request, answer)
    try {
      writeSync(this.#fd, bytes)
    } catch {
      // Who asked has gone meanwhile.
    }
  }

  /** @returns undefined where none is awaited */
  #answer(request: Request): Uint8Array | Errno | undefined | Promise<Uint8Array | Errno> {
    const { opcode, body } = request
    switch (opcode) {
      case OPCODE.INIT:
        return initOut()
      case OPCODE.FORGET:
      case OPCODE.BATCH_FORGET:
        for (const [id, count] of forgotten(request)) this.#forget(id, count)
        return undefined
      case OPCODE.INTERRUPT:
      case OPCODE.DESTROY:
        return undefined
      case OPCODE.STATFS:
        return statfsOut()
      case OPCODE.RELEASE:
      case OPCODE.RELEASEDIR:
      case OPCODE.FSYNC:
        return new Uint8Array(0)
      // sysfs lets nobody make a file.
      case OPCODE.CREATE:
      case OPCODE.MKNOD:
        return 'EACCES'
    }
    const known = this.#known.get(request.node)
    if (known === undefined) return 'ENOENT'
    const { node } = known
    switch (opcode) {
      case OPCODE.LOOKUP:
        return this.#lookup(node, nameIn(body))
      case OPCODE.GETATTR:
      case OPCODE.SETATTR:
        return attrOut(node, request.node, this.#born)
      case OPCODE.READLINK:
        return node.type === 'link' ? Buffer.from(node.target) : 'EINVAL'
      case OPCODE.OPEN:
        return openOf(node, openFlags(body))
      case OPCODE.OPENDIR:
        return openOut()
      case OPCODE.READ:
        return readOf(node, body)
      case OPCODE.READDIR:
        return this.#list(node, body)
      case OPCODE.WRITE:
        return writeTo(node, written(body))
      case OPCODE.ACCESS:
      case OPCODE.FLUSH:
        return 'ENOSYS'
      default:
        // Extended attributes and more, which are not there; names that nobody may change.
        return opcode >= 6 && opcode <= 13 ? 'EPERM' : 'ENOSYS'
    }
  }

  #lookup(node: Node, name: string): Uint8Array | Errno {
    if (node.type !== 'directory') return 'ENOTDIR'
    const found = node.entries.get(name)
    if (found === undefined) return 'ENOENT'
    const id = this.#idOf(found)
    const known = this.#known.get(id)
    if (known === undefined) this.#known.set(id, { node: found, lookups: 1n })
    else known.lookups++
    return entryOut(found, id, this.#born)
  }

  #idOf(node: Node): bigint {
    const id = this.#ids.get(node) ?? ++this.#last
    this.#ids.set(node, id)
    return id
  }

  #forget(id: bigint, count: bigint): void {
    const known = this.#known.get(id)
    if (known === undefined || id === ROOT) return
    known.lookups -= count
    if (known.lookups > 0n) return
    this.#known.delete(id)
    this.#ids.delete(known.node)
  }

  #list(node: Node, body: Buffer): Uint8Array | Errno {
    if (node.type !== 'directory') return 'ENOTDIR'
    const { offset, size } = readRange(body)
    const parts: Buffer[] = []
    let room = size
    for (const [i, [name, entry]] of [...node.entries].entries()) {
      if (i < offset) continue
      // The number is of no use to anybody: a lookup gives one that counts.
      const part = dirent(name, entry, this.#ids.get(entry) ?? 0xffff_ffffn, i + 1)
      if (part.length > room) break
      parts.push(part)
      room -= part.length
    }
    return Buffer.concat(parts)
  }
}

function openOf(node: Node, flags: number): Uint8Array | Errno {
  if (node.type === 'directory') return 'EISDIR'
  if (node.type === 'link') return 'EINVAL'
  const mode = flags & 3
  // Rights count for root, too, as in sysfs; debugfs lets root in, and then has nothing to do it with.
  const refused = node.private ? 'EINVAL' : 'EACCES'
  if (mode !== constants.O_WRONLY && node.show === undefined) return refused
  if (mode !== constants.O_RDONLY && node.store === undefined) return refused
  return openOut()
}

function readOf(node: Node, body: Buffer): Uint8Array | Errno {
  if (node.type !== 'attribute') return 'EISDIR'
  const { offset, size } = readRange(body)
  return bytesOf(node).subarray(offset, offset + size)
}

async function writeTo(node: Node, bytes: Buffer): Promise<Uint8Array | Errno> {
  if (node.type !== 'attribute') return 'EISDIR'
  if (node.store === undefined) return 'EACCES'
  return (await node.store(bytes.toString())) ?? writeOut(bytes.length)
}
