import { closeSync, fstatSync, writeSync } from 'node:fs'
import { hex, OpenampError } from '../../base/errors.js'
import {
  ERRNO,
  F_GETFL,
  F_SETFL,
  type Libc,
  MAP_NOTHING_HERE,
  MAP_SHARED,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  O_NONBLOCK,
  PROT_READ_WRITE,
  RWF_NOWAIT,
  systemError,
} from '../native/libc-node.js'
import type { Poller } from '../native/poller-node.js'
import type { Descriptor, MappedView, Mapping } from './descriptor.js'

const PAGE = 4096

/** Events are written as 1 in 64 bits; a pipe may hold many. */
const one = new Uint8Array(new BigUint64Array([1n]).buffer)
const READ_BYTES = 4096

/** A file descriptor of this process that came from the front-end. */
export class FileDescriptor implements Descriptor {
  readonly #libc: Libc
  readonly #poller: Poller
  readonly #fd: number
  #unwatch: (() => void) | undefined
  #unwatchWritable: (() => void) | undefined
  #nonBlocking = false
  #isSocket = true
  #closed = false

  constructor(libc: Libc, poller: Poller, fd: number) {
    this.#libc = libc
    this.#poller = poller
    this.#fd = fd
  }

  map(offset: number, size: number): Mapping {
    const stat = fstatSync(this.#fd)
    if (!stat.isFile()) throw lie('memory is not a file of a size')
    if (offset + size > stat.size) {
      throw lie(`${hex(size)} bytes at ${hex(offset)} of a file that has ${hex(stat.size)}`)
    }
    // Files of huge pages can be mapped only at multiples of them; their block size tells.
    const { blksize } = stat
    const align = blksize > PAGE && (blksize & (blksize - 1)) === 0 ? blksize : PAGE
    const begin = offset - (offset % align)
    const length = Math.ceil((offset - begin + size) / align) * align
    const libc = this.#libc
    const address = libc.mmap(0, length, PROT_READ_WRITE, MAP_SHARED, this.#fd, begin)
    if (address === -1) throw systemError(libc, `mapping ${hex(size)} bytes of the front-end's`)
    return new MappedFile(libc, { address, length }, address + offset - begin)
  }

  watch(signalled: () => void, failed: (error: Error) => void): void {
    const bytes = new Uint8Array(READ_BYTES)
    const iov = new BigUint64Array([this.#libc.address(bytes), BigInt(READ_BYTES)])
    const vector = new Uint8Array(iov.buffer)
    let flags = RWF_NOWAIT
    const read = (): void => {
      const count = this.#libc.preadv2(this.#fd, vector, 1, -1, flags)
      if (count > 0) {
        signalled()
        return
      }
      const errno = count === 0 ? ERRNO.EPIPE : this.#libc.errno()
      if (errno === ERRNO.EOPNOTSUPP && flags === RWF_NOWAIT) {
        // A kernel before 5.8.
        flags = 0
        this.#setNonBlocking()
        read()
      } else if (errno !== ERRNO.EAGAIN && errno !== ERRNO.EINTR) {
        this.#stopWatching()
        failed(lie(`reading an event: error ${errno} of the system`))
      }
      // `bytes` is written to by address only: this keeps it.
      bytes.fill(0, 0, 1)
    }
    this.#unwatch = this.#poller.watch(this.#fd, 'signalled', read)
    if (this.#unwatch === undefined) throw lie('an event that cannot be waited for')
  }

  signal(): void {
    // Where it is full, the other end has a signal to read yet.
    this.#write(one)
  }

  send(bytes: Uint8Array, drained: () => void): boolean {
    if (this.#write(bytes)) return true
    this.#unwatchWritable ??= this.#poller.watch(this.#fd, 'writable', () => {
      this.#unwatchWritable?.()
      this.#unwatchWritable = undefined
      drained()
    })
    return this.#unwatchWritable === undefined
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#stopWatching()
    this.#unwatchWritable?.()
    closeSync(this.#fd)
  }

  #stopWatching(): void {
    this.#unwatch?.()
    this.#unwatch = undefined
  }

  /** @returns false where there is no room; a front-end that is gone has its connection closed */
  #write(bytes: Uint8Array): boolean {
    if (this.#closed) return true
    if (this.#isSocket) {
      const flags = MSG_DONTWAIT | MSG_NOSIGNAL
      if (this.#libc.send(this.#fd, bytes, bytes.length, flags) >= 0) return true
      const errno = this.#libc.errno()
      if (errno !== ERRNO.ENOTSOCK) return errno !== ERRNO.EAGAIN
      this.#isSocket = false
    }
    this.#setNonBlocking()
    try {
      writeSync(this.#fd, bytes)
      return true
    } catch (error) {
      return !(error instanceof Error && 'code' in error && error.code === 'EAGAIN')
    }
  }

  /** Events have no call that does not wait, so the file is told; both ends share that flag. */
  #setNonBlocking(): void {
    if (this.#nonBlocking) return
    this.#nonBlocking = true
    const flags = this.#libc.fcntl(this.#fd, F_GETFL, 0)
    this.#libc.fcntl(this.#fd, F_SETFL, flags | O_NONBLOCK)
  }
}

interface MappedRange {
  readonly address: number
  readonly length: number
}

/** A part of a file that is mapped. */
class MappedFile implements Mapping {
  readonly #libc: Libc
  readonly #range: MappedRange
  readonly #start: number
  /** Views that somebody may still reach. */
  #views = 0
  #released = false

  /** @param start where in the range it begins */
  constructor(libc: Libc, range: MappedRange, start: number) {
    this.#libc = libc
    this.#range = range
    this.#start = start
  }

  view(offset: number, size: number): MappedView {
    const buffer = this.#libc.view(this.#start + offset, size)
    this.#views++
    collected.register(buffer, this)
    return { buffer, offset: 0 }
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    // Not unmapped while there are views: to touch what is not mapped would end the process.
    const { address, length } = this.#range
    this.#libc.mmap(address, length, PROT_READ_WRITE, MAP_NOTHING_HERE, -1, 0)
    this.#unmap()
  }

  viewCollected(): void {
    this.#views--
    this.#unmap()
  }

  #unmap(): void {
    const { address, length } = this.#range
    if (this.#released && this.#views === 0) this.#libc.munmap(address, length)
  }
}

/** Memory that somebody can still reach stays; the garbage collector knows when nobody can. */
const collected = new FinalizationRegistry<MappedFile>((file) => file.viewCollected())

function lie(what: string): OpenampError {
  return new OpenampError('ERR_PEER', `vhost-user: ${what}`)
}
