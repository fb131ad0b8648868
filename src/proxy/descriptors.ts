import type { EventSource } from '../base/events.js'
import { type Errno, isErrno } from './errno.js'
import type { ProxyEvent } from './events.js'
import { type Files, type OpenFile, pathParts } from './files.js'
import type { OpenHow } from './open-flags.js'
import { STDERR, STDIN, STDOUT } from './retarget.js'

/** What a remote may use at most. */
export interface ProxyLimits {
  /** Files open at once; 16 unless given. */
  readonly openFiles?: number
  /** Bytes of a path; 255 unless given. */
  readonly pathLength?: number
  /** Bytes written to files in all; 256 MiB unless given. */
  readonly written?: number
}

interface Opened {
  readonly path: string
  readonly file: OpenFile
}

/** Descriptors 0, 1 and 2 are the console. */
const FIRST_DESCRIPTOR = 3

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * The files that one remote has open, by numbers of its own: no descriptor of the host's process can be
 * named with them. Whatever the remote says is checked here or behind `Files`, and what is refused is a
 * value.
 */
export class Descriptors {
  readonly #files: Files
  readonly #events: EventSource<ProxyEvent>
  readonly #limits: Required<ProxyLimits>
  readonly #opened = new Map<number, Opened>()
  #written = 0

  constructor(files: Files, limits: ProxyLimits, events: EventSource<ProxyEvent>) {
    this.#files = files
    this.#events = events
    this.#limits = { openFiles: 16, pathLength: 255, written: 2 ** 28, ...limits }
  }

  /** @param name the path as bytes; it ends at the first NUL */
  async open(name: Uint8Array, how: OpenHow | undefined): Promise<number | Errno> {
    const end = name.indexOf(0)
    const bytes = end < 0 ? name : name.subarray(0, end)
    const path = this.#path(bytes)
    if (typeof path !== 'string') return this.refuse('open', quoted(bytes), path.errno)
    const what = JSON.stringify(path)
    if (how === undefined) return this.refuse('open', what, 'EINVAL')
    if (this.#opened.size >= this.#limits.openFiles) return this.refuse('open', what, 'EMFILE')
    const file = await this.#try('open', what, () => this.#files.open(path, how))
    if (typeof file === 'string') return file
    const descriptor = this.#free()
    this.#opened.set(descriptor, { path, file })
    this.#events.emit({ type: 'opened', path, descriptor })
    return descriptor
  }

  /** Of a file, not of the console. At most `most` bytes, none at its end. */
  async read(descriptor: number, most: number): Promise<Uint8Array | Errno> {
    const what = `descriptor ${descriptor}`
    const opened = this.#opened.get(descriptor)
    if (opened === undefined) return this.refuse('read', what, 'EBADF')
    return this.#try('read', what, () => opened.file.read(most))
  }

  /** To a file, or to the console: that is an event. */
  async write(descriptor: number, bytes: Uint8Array): Promise<number | Errno> {
    if (descriptor === STDOUT || descriptor === STDERR) {
      this.#events.emit({ type: 'output', descriptor, data: bytes.slice() })
      return bytes.length
    }
    const what = `descriptor ${descriptor}`
    const opened = this.#opened.get(descriptor)
    if (opened === undefined) return this.refuse('write', what, 'EBADF')
    if (this.#written + bytes.length > this.#limits.written) {
      return this.refuse('write', what, 'ENOSPC')
    }
    const written = await this.#try('write', what, () => opened.file.write(bytes))
    if (typeof written === 'number') this.#written += written
    return written
  }

  /** Those of the console may be closed, as C programs do at their end, and stay as they are. */
  async close(descriptor: number): Promise<0 | Errno> {
    if (descriptor >= STDIN && descriptor < FIRST_DESCRIPTOR) return 0
    const what = `descriptor ${descriptor}`
    const opened = this.#opened.get(descriptor)
    if (opened === undefined) return this.refuse('close', what, 'EBADF')
    this.#opened.delete(descriptor)
    const failed = await this.#try('close', what, () => opened.file.close())
    this.#events.emit({ type: 'closed', path: opened.path, descriptor })
    return failed ?? 0
  }

  /** Closes what is open. */
  async closeAll(): Promise<void> {
    for (const descriptor of [...this.#opened.keys()]) await this.close(descriptor)
  }

  #path(bytes: Uint8Array): string | { readonly errno: Errno } {
    if (bytes.length > this.#limits.pathLength) return { errno: 'ENAMETOOLONG' }
    let path: string
    try {
      path = decoder.decode(bytes)
    } catch {
      return { errno: 'EINVAL' }
    }
    const parts = pathParts(path)
    return typeof parts === 'string' ? { errno: parts } : parts.join('/')
  }

  #free(): number {
    let descriptor = FIRST_DESCRIPTOR
    while (this.#opened.has(descriptor)) descriptor++
    return descriptor
  }

  /** What files throw is the host's fault, and no reason to leave the remote without an answer. */
  async #try<T>(call: string, what: string, act: () => Promise<T | Errno>): Promise<T | Errno> {
    try {
      const result = await act()
      if (typeof result === 'string' && isErrno(result)) return this.refuse(call, what, result)
      return result
    } catch (cause) {
      this.#events.emit({ type: 'refused', call, what, errno: 'EIO', cause })
      return 'EIO'
    }
  }

  /** Tells of a refusal. @returns it, for the remote */
  refuse(call: string, what: string, errno: Errno): Errno {
    this.#events.emit({ type: 'refused', call, what, errno })
    return errno
  }
}

/** The start of a name that is none, for a person. */
function quoted(name: Uint8Array): string {
  return JSON.stringify(new TextDecoder().decode(name.subarray(0, 64)))
}
