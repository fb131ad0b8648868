import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join, resolve } from 'node:path'
import { OpenampError } from '../../base/errors.js'
import { loadLibc } from '../../machines/native/libc-node.js'
import { unmountFuse } from './fuse-mount.js'

/** A socket by which a folder is known as ours, and as in use for as long as somebody listens. */
const MARK = '.openamp-sysfs'
/** struct sockaddr_un holds so much of a path. */
const SOCKET_PATH_MAX = 107

/** The folder that looks like a root directory, for one program at a time. */
export class Place {
  readonly root: string
  readonly sys: string
  readonly dev: string
  readonly firmware: string
  readonly #lock: Server
  readonly #made: boolean

  /**
   * Takes a folder that is empty or not there, or that an earlier run has left.
   * @throws ERR_USAGE for any other, ERR_STATE where it is in use, ERR_SYSTEM
   */
  static async take(folder: string): Promise<Place> {
    const root = resolve(folder)
    if (Buffer.byteLength(join(root, 'dev/rpmsg9999')) > SOCKET_PATH_MAX) {
      throw new OpenampError('ERR_USAGE', `${root}: too long a path for the sockets below it`)
    }
    const made = !existsSync(root)
    if (made) mkdirSync(root, { recursive: true })
    if (!statSync(root).isDirectory()) throw new OpenampError('ERR_USAGE', `${root} is no folder`)
    const mark = join(root, MARK)
    if (!isSocket(mark) && readdirSync(root).length > 0) {
      throw new OpenampError('ERR_USAGE', `${root} is not empty, and was not made by openamp sysfs`)
    }
    const place = new Place(root, await lock(mark), made)
    try {
      await place.#clear()
      for (const path of [place.sys, place.dev, place.firmware])
        mkdirSync(path, { recursive: true })
      return place
    } catch (cause) {
      place.#lock.close()
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new OpenampError('ERR_SYSTEM', why, { cause })
    }
  }

  private constructor(root: string, lock: Server, made: boolean) {
    this.root = root
    this.sys = join(root, 'sys')
    this.dev = join(root, 'dev')
    this.firmware = join(root, 'lib/firmware')
    this.#lock = lock
    this.#made = made
  }

  /** Takes away what is ours; firmware that somebody has put there stays. */
  async leave(): Promise<void> {
    await this.#clear()
    for (const path of [this.firmware, join(this.root, 'lib')]) removeEmpty(path)
    // Its file goes with it.
    await new Promise((resolve) => this.#lock.close(resolve))
    if (this.#made) removeEmpty(this.root)
  }

  async #clear(): Promise<void> {
    await unmountStale(this.sys, this.root)
    for (const path of [this.sys, this.dev]) rmSync(path, { recursive: true, force: true })
  }
}

const isSocket = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false

/** What a program that was killed had mounted is still there, and answers nobody. */
async function unmountStale(at: string, above: string): Promise<void> {
  let mounted: boolean
  try {
    mounted = statSync(at).dev !== statSync(above).dev
  } catch (error) {
    mounted = error instanceof Error && 'code' in error && error.code === 'ENOTCONN'
  }
  if (mounted) unmountFuse(await loadLibc('FUSE'), at)
}

function removeEmpty(path: string): void {
  try {
    rmdirSync(path)
  } catch {
    // It is not empty, or not there: both are right.
  }
}

async function lock(path: string): Promise<Server> {
  if (isSocket(path)) {
    if (await answers(path)) throw new OpenampError('ERR_STATE', `${path}: the folder is in use`)
    unlinkSync(path)
  }
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new OpenampError('ERR_SYSTEM', `${path}: ${cause.message}`, { cause }))
    })
    server.listen(path, resolve)
  })
  return server
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('close', () => socket.destroy())
  })
}
