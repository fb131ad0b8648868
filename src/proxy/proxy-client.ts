import { OpenampError } from '../base/errors.js'
import type { Channel } from '../rpmsg/index.js'
import { type Errno, errnoOf, type Libc } from './errno.js'
import type { Files, OpenFile } from './files.js'
import { encodeOpenFlags, type OpenHow } from './open-flags.js'
import {
  messageSize,
  RPC_SYSCALL,
  readSyscall,
  STDERR,
  STDIN,
  STDOUT,
  SYSCALL_ID,
  type Syscall,
  writeSyscall,
} from './retarget.js'

export interface ProxyClientOptions {
  /** Whose numbers for open flags and errors are used; the server's choice. Linux's unless given. */
  readonly libc?: Libc
}

/** Mode of a file that is made without saying how. */
const MODE_DEFAULT = 0o644

const encoder = new TextEncoder()

/**
 * A remote's end of the proxy: the host's files and console, in the messages of OpenAMP's retargeted C
 * library. One call is under way at a time, in the order in which they were made.
 *
 * Every call rejects with what ends the link (ERR_CLOSED, ERR_STOPPED), and with ERR_PEER where the
 * host's answer is none.
 */
export class ProxyClient implements Files {
  readonly #channel: Channel
  readonly #libc: Libc
  #last: Promise<unknown> = Promise.resolve()

  /** @param channel announced by the remote; the client's own from now on */
  constructor(channel: Channel, options: ProxyClientOptions = {}) {
    this.#channel = channel
    this.#libc = options.libc ?? 'linux'
  }

  async open(path: string, how: OpenHow): Promise<OpenFile | Errno> {
    const { field1, field2 } = await this.#call({
      id: SYSCALL_ID.OPEN,
      field1: encodeOpenFlags(how, this.#libc),
      field2: how.mode ?? MODE_DEFAULT,
      data: encoder.encode(`${path}\0`),
    })
    if (field1 < 0) return this.#errno(field2)
    return {
      read: (most) => this.#read(field1, most),
      write: (bytes) => this.#write(field1, bytes),
      close: () => this.#close(field1),
    }
  }

  /** Writes all of it to the host's console. @returns what the host refused it with, if it did */
  async print(
    payload: string | Uint8Array,
    where: 'out' | 'error' = 'out',
  ): Promise<Errno | undefined> {
    let bytes = typeof payload === 'string' ? encoder.encode(payload) : payload
    while (bytes.length > 0) {
      const written = await this.#write(where === 'out' ? STDOUT : STDERR, bytes)
      if (typeof written === 'string') return written
      if (written === 0) return 'EIO'
      bytes = bytes.subarray(written)
    }
    return undefined
  }

  /** The next bytes of the host's input, at most `most`; none at its end. */
  async input(most: number): Promise<Uint8Array | Errno> {
    return this.#read(STDIN, most)
  }

  /** Ends the session: the host closes the files and the channel, and does not answer. */
  async terminate(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#channel.whenBound()
      await this.#channel.send(writeSyscall({ id: SYSCALL_ID.TERM, field1: 0 }))
    })
  }

  async #read(descriptor: number, most: number): Promise<Uint8Array | Errno> {
    const answer = await this.#call({ id: SYSCALL_ID.READ, field1: descriptor, field2: most })
    const { field1: count, field2, data } = answer
    if (count < 0) return this.#errno(field2)
    if (count > most || count > data.length) {
      throw new OpenampError(
        'ERR_PEER',
        `proxy: a read of ${most} bytes was answered with ${count}, of which ${data.length} came`,
      )
    }
    return data.slice(0, count)
  }

  async #write(descriptor: number, bytes: Uint8Array): Promise<number | Errno> {
    // As the C library sends it, text for the console has a NUL behind it that does not count.
    const end = descriptor === STDOUT ? 1 : 0
    const length = Math.min(bytes.length, messageSize(this.#channel) - RPC_SYSCALL.SIZE - end)
    const data = new Uint8Array(length + end)
    data.set(bytes.subarray(0, length))
    const call = { id: SYSCALL_ID.WRITE, field1: descriptor, field2: length, data }
    const { field1: count, field2 } = await this.#call(call)
    if (count < 0) return this.#errno(field2)
    if (count > length) {
      const found = `proxy: a write of ${length} bytes was answered with ${count}`
      throw new OpenampError('ERR_PEER', found)
    }
    return count
  }

  async #close(descriptor: number): Promise<Errno | undefined> {
    const { field1, field2 } = await this.#call({ id: SYSCALL_ID.CLOSE, field1: descriptor })
    return field1 < 0 ? this.#errno(field2) : undefined
  }

  async #call(call: Pick<Syscall, 'id' | 'field1'> & Partial<Syscall>): Promise<Syscall> {
    return this.#inTurn(async () => {
      await this.#channel.whenBound()
      await this.#channel.send(writeSyscall(call))
      for (;;) {
        const { data } = await this.#channel.receive()
        const answer = readSyscall(data)
        // A host may greet; OpenAMP's for Linux does.
        if (answer === undefined) continue
        if (answer.id === call.id) return answer
        if (answer.id === SYSCALL_ID.TERM) {
          this.#channel.close()
          throw new OpenampError('ERR_CLOSED', 'proxy: the host has ended the session')
        }
        const found = `proxy: call ${call.id} was answered with id ${answer.id}`
        throw new OpenampError('ERR_PEER', found)
      }
    })
  }

  async #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act, act)
    this.#last = turn.catch(() => {})
    return turn
  }

  /** Hosts of OpenAMP's send no number: 0. */
  #errno(number: number): Errno {
    return errnoOf(number, this.#libc)
  }
}
