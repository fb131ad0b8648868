import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { hex, OpenampError } from '../../base/errors.js'
import {
  ERRNO,
  F_ADD_SEALS,
  F_GET_SEALS,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  type Libc,
  MAP_FIXED,
  MAP_NOTHING_HERE,
  MAP_SHARED,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  PROT_READ_WRITE,
  systemError,
} from '../native/libc-node.js'

const WASM_PAGE = 0x1_0000

/**
 * Memory under which a file can be laid and taken away again, while the views of it stay what they are.
 * The pages of a shared WebAssembly memory are replaced by those of the file, so that it is a true
 * SharedArrayBuffer; the engine unmaps them with the memory.
 */
export class MappedMemory {
  readonly buffer: SharedArrayBuffer
  readonly bytes: Uint8Array
  readonly #libc: Libc
  readonly #address: number
  /** Keeps the pages: a view alone may not. */
  readonly #memory: WebAssembly.Memory

  /** @param size bytes, a multiple of 4096; of no file at first */
  constructor(libc: Libc, size: number) {
    if (!Number.isInteger(size) || size <= 0 || size % 4096 !== 0) {
      throw new OpenampError('ERR_USAGE', `${size} bytes of shared memory are no multiple of 4096`)
    }
    const pages = Math.ceil(size / WASM_PAGE)
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
    const { buffer } = this.#memory
    if (!(buffer instanceof SharedArrayBuffer)) {
      throw new OpenampError('ERR_SYSTEM', 'this engine has no shared WebAssembly memory')
    }
    this.buffer = buffer
    this.bytes = new Uint8Array(buffer, 0, size)
    this.#libc = libc
    this.#address = Number(libc.address(this.bytes))
  }

  /** Lays the file under it: what is written from now on, everybody sees who has mapped it. */
  attach(fd: number): void {
    this.#map(MAP_SHARED | MAP_FIXED, fd)
  }

  /** Takes the file away. What is in the memory stays, and is its own from now on. */
  detach(): void {
    const content = this.bytes.slice()
    this.#map(MAP_NOTHING_HERE, -1)
    this.bytes.set(content)
  }

  #map(flags: number, fd: number): void {
    const { length } = this.bytes
    const at = this.#libc.mmap(this.#address, length, PROT_READ_WRITE, flags, fd, 0)
    if (at !== this.#address) throw systemError(this.#libc, 'mapping shared memory')
  }
}

/**
 * A file in memory without a name, which nobody can make smaller: to touch a page that is cut off would
 * end the process (SIGBUS).
 */
export function createSealed(libc: Libc, size: number): number {
  const fd = libc.memfd_create('openamp', MFD_CLOEXEC | MFD_ALLOW_SEALING)
  if (fd < 0) throw systemError(libc, 'memfd_create')
  try {
    ftruncateSync(fd, size)
    reserve(libc, fd, size)
    if (libc.fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) !== 0) {
      throw systemError(libc, 'sealing shared memory')
    }
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** @throws ERR_PEER where a descriptor that the other end has sent is no sealed memory of this size */
export function checkSealed(libc: Libc, fd: number, size: number): void {
  const seals = libc.fcntl(fd, F_GET_SEALS, 0)
  if (seals < 0 || (seals & F_SEAL_SHRINK) === 0) {
    throw new OpenampError('ERR_PEER', 'the memory that the other end has sent can be cut off')
  }
  checkSize(fd, size, 'the memory that the other end has sent')
}

/**
 * Opens the file that others find under its path, larger or empty if need be (shm_open and metal_map of
 * libmetal do the same). The file stays the same one, for who has opened it already.
 */
export function openKept(libc: Libc, path: string, size: number): number {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants
  const fd = system(path, () => openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600))
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw new OpenampError('ERR_STATE', `${path} exists and is no file`)
    if (stat.size < size) ftruncateSync(fd, size)
    reserve(libc, fd, size)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/**
 * Makes a new file at `path`, in the place of the one that an earlier life has left: whoever still has
 * that one reaches the new life no more. To be called by who listens alone.
 * @throws ERR_STATE where something else is there
 */
export function createFresh(libc: Libc, path: string, size: number): number {
  const old = statSync(path, { throwIfNoEntry: false })
  const ours = old === undefined || (old.isFile() && old.size === size && isOwn(old.uid))
  if (!ours) {
    throw new OpenampError(
      'ERR_STATE',
      `${path} exists and is no shared memory of ${hex(size)} bytes`,
    )
  }
  const { O_RDWR, O_CREAT, O_EXCL } = constants
  const made = `${path}.${process.pid}.new`
  const fd = system(made, () => openSync(made, O_RDWR | O_CREAT | O_EXCL, 0o600))
  try {
    ftruncateSync(fd, size)
    reserve(libc, fd, size)
    renameSync(made, path)
    return fd
  } catch (error) {
    closeSync(fd)
    unlinkSync(made)
    throw error
  }
}

/** A file as it was made: at its path another one may be by now. */
export interface MadeFile {
  readonly path: string
  readonly inode: number
}

export function removeOwn({ path, inode }: MadeFile): void {
  if (statSync(path, { throwIfNoEntry: false })?.ino === inode) unlinkSync(path)
}

/** Opens the file that the other end has made. @throws ERR_PEER where it is too small, ERR_SYSTEM */
export function openExisting(libc: Libc, path: string, size: number): number {
  const { O_RDWR, O_NOFOLLOW } = constants
  const fd = system(path, () => openSync(path, O_RDWR | O_NOFOLLOW))
  try {
    checkSize(fd, size, path)
    reserve(libc, fd, size)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/**
 * Has the file system put by what the file may need: to touch a page for which there is no room any more
 * would end the process (SIGBUS), and /dev/shm is small in containers.
 */
function reserve(libc: Libc, fd: number, size: number): void {
  if (libc.fallocate(fd, 0, 0, size) === 0) return
  const errno = libc.errno()
  // Some file systems know none of this.
  if (errno === ERRNO.EOPNOTSUPP) return
  const why = errno === ERRNO.ENOSPC ? 'no room is left where it lies' : `error ${errno}`
  throw new OpenampError('ERR_SYSTEM', `${hex(size)} bytes of shared memory: ${why}`)
}

function checkSize(fd: number, size: number, what: string): void {
  const stat = fstatSync(fd)
  if (stat.isFile() && stat.size >= size) return
  throw new OpenampError(
    'ERR_PEER',
    `${what} has ${hex(stat.size)} bytes, expected at least ${hex(size)}`,
  )
}

export const isOwn = (uid: number): boolean => uid === process.geteuid?.()

function system<T>(path: string, call: () => T): T {
  try {
    return call()
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? cause.code : cause
    throw new OpenampError('ERR_SYSTEM', `${path} cannot be opened: ${why}`, { cause })
  }
}
