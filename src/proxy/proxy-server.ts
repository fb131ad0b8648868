import { isOpenampError } from '../base/errors.js'
import { EventSource, type Observer } from '../base/events.js'
import type { Channel } from '../rpmsg/index.js'
import { ConsoleInput, type InputSource } from './console-input.js'
import { Descriptors, type ProxyLimits } from './descriptors.js'
import { type Errno, errnoNumber, type Libc } from './errno.js'
import type { ProxyEvent } from './events.js'
import { type Files, noFiles } from './files.js'
import { decodeOpenFlags } from './open-flags.js'
import {
  messageSize,
  RPC_SYSCALL,
  readSyscall,
  STDIN,
  SYSCALL_ID,
  type Syscall,
  writeSyscall,
} from './retarget.js'

export interface ProxyServerOptions {
  /** What the remote may open: `folder` of openamp/node, or `MemoryFiles`. None unless given. */
  readonly files?: Files
  /** The remote's standard input; it is at its end from the beginning unless given. */
  readonly input?: InputSource
  /** Whose numbers for open flags and errors the remote uses; Linux's, as OpenAMP's demo, unless given. */
  readonly libc?: Libc
  readonly limits?: ProxyLimits
  /** Told of every event from the beginning; more can be added with `events.observe`. */
  readonly observer?: Observer<ProxyEvent>
  /** `Remoteproc.admit`: in the deterministic mode the remote stands still while files are worked on. */
  readonly admit?: <T>(input: Promise<T>) => Promise<T>
  /**
   * Send a first message, as OpenAMP's proxy application for Linux does: where nothing is announced
   * back, a remote learns the host's address from it.
   */
  readonly greet?: boolean
}

/** How a session has ended: by the remote's TERM message, or with the channel. */
export type ProxyEnd = 'terminated' | 'closed'

/** How messages call it. */
const STDIN_NAME = 'standard input'

/** What OpenAMP's proxy application for Linux sends first, its NUL included. */
const GREETING = 'init_msg\0'

/**
 * Serves files and the console to one remote over one channel, as OpenAMP's proxy does for remotes
 * whose C library is retargeted (lib/proxy/rpmsg_retarget.c). The channel is the server's own.
 */
export class ProxyServer {
  readonly events = new EventSource<ProxyEvent>()
  readonly #channel: Channel
  readonly #libc: Libc
  readonly #admit: <T>(input: Promise<T>) => Promise<T>
  readonly #descriptors: Descriptors
  readonly #input: ConsoleInput
  readonly #ended: Promise<ProxyEnd>
  /** Resolves as soon as the session is over: nobody waits for input any more. */
  readonly #over: Promise<void>
  #setOver: () => void = () => {}
  #reading = false
  /** The answer to the last read of standard input, on its way. */
  #inputAnswer: Promise<void> = Promise.resolve()
  #failure: unknown

  private constructor(channel: Channel, options: ProxyServerOptions) {
    this.#channel = channel
    this.#libc = options.libc ?? 'linux'
    this.#admit = options.admit ?? ((input) => input)
    this.#input = new ConsoleInput(options.input ?? (async () => undefined))
    if (options.observer !== undefined) this.events.observe(options.observer)
    const { files = noFiles, limits = {}, greet = false } = options
    this.#descriptors = new Descriptors(files, limits, this.events)
    this.#over = new Promise((resolve) => {
      this.#setOver = resolve
    })
    this.#ended = this.#run(greet)
    // It is told to whoever asks.
    this.#ended.catch(() => {})
  }

  /** Begins to serve on a bound channel. */
  static serve(channel: Channel, options: ProxyServerOptions = {}): ProxyServer {
    return new ProxyServer(channel, options)
  }

  /**
   * Resolves when the session is over and its files are closed.
   * @throws ERR_CRASHED, ERR_STOPPED, ERR_IDLE: what ended the link
   */
  async whenEnded(): Promise<ProxyEnd> {
    return this.#ended
  }

  /** Ends the session: closes the channel, which tells the remote, and the files. */
  async close(): Promise<void> {
    this.#channel.close()
    await this.#ended.catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #run(greet: boolean): Promise<ProxyEnd> {
    let end: ProxyEnd = 'closed'
    try {
      if (greet) await this.#send(new TextEncoder().encode(GREETING))
      for await (const { data } of this.#channel) {
        const call = readSyscall(data)
        if (call === undefined) {
          this.events.emit({ type: 'malformed', length: data.length })
        } else if (call.id === SYSCALL_ID.TERM) {
          end = 'terminated'
          break
        } else {
          await this.#serve(call)
        }
      }
    } finally {
      this.#setOver()
      this.#channel.close()
      await this.#descriptors.closeAll()
    }
    if (this.#failure !== undefined) throw this.#failure
    return end
  }

  async #serve(call: Syscall): Promise<void> {
    const { id, field1, field2 } = call
    switch (id) {
      case SYSCALL_ID.OPEN:
        return this.#answer(id, await this.#admit(this.#open(call)))
      case SYSCALL_ID.CLOSE:
        return this.#answer(id, await this.#admit(this.#descriptors.close(field1)))
      case SYSCALL_ID.WRITE:
        return this.#answer(id, await this.#admit(this.#write(call)))
      case SYSCALL_ID.READ:
        return this.#read(id, field1, field2)
      default:
        return this.#answer(id, this.#descriptors.refuse('call', `id ${id}`, 'ENOSYS'))
    }
  }

  async #open({ field1, field2, dataLength, data }: Syscall): Promise<number | Errno> {
    // The name's end is the one that was sent, whatever the length says.
    const name = data.subarray(0, dataLength)
    return this.#descriptors.open(name, decodeOpenFlags(field1, field2, this.#libc))
  }

  async #read(id: number, descriptor: number, wanted: number): Promise<void> {
    const most = Math.min(wanted, messageSize(this.#channel) - RPC_SYSCALL.SIZE)
    if (most < 0) {
      return this.#answer(id, this.#descriptors.refuse('read', `${wanted} bytes`, 'EINVAL'))
    }
    if (descriptor !== STDIN) {
      return this.#answer(id, await this.#admit(this.#descriptors.read(descriptor, most)))
    }
    if (most === 0) return this.#answer(id, 0)
    // A remote that takes no answers is asked for no more questions: they would pile up.
    await this.#inputAnswer.catch(() => {})
    if (this.#reading) {
      return this.#answer(id, this.#descriptors.refuse('read', STDIN_NAME, 'EAGAIN'))
    }
    // Somebody may have to type first: other calls are served meanwhile, and the end is seen.
    void this.#readInput(most)
  }

  async #write({ field1, field2, data }: Syscall): Promise<number | Errno> {
    // The length of the data is one too long for descriptor 1, and its last byte is no NUL but chance.
    if (field2 < 0 || field2 > data.length) {
      return this.#descriptors.refuse('write', `${field2} bytes of ${data.length}`, 'EINVAL')
    }
    return this.#descriptors.write(field1, data.subarray(0, field2))
  }

  async #readInput(most: number): Promise<void> {
    try {
      const input = await this.#nextInput(most)
      this.#inputAnswer = this.#answer(SYSCALL_ID.READ, input)
      await this.#inputAnswer
    } catch (error) {
      // What ends the link ends the loop as well; what else there is must end it, or be lost.
      this.#failure ??= error
      this.#channel.close()
    }
  }

  async #nextInput(most: number): Promise<Uint8Array | Errno> {
    this.#reading = true
    if (this.#input.empty) this.events.emit({ type: 'input' })
    try {
      const over = this.#over.then((): Errno => 'EIO')
      return await this.#admit(Promise.race([this.#input.read(most), over]))
    } catch (cause) {
      this.events.emit({ type: 'refused', call: 'read', what: STDIN_NAME, errno: 'EIO', cause })
      return 'EIO'
    } finally {
      this.#reading = false
    }
  }

  async #answer(id: number, result: number | Errno | Uint8Array): Promise<void> {
    if (typeof result === 'string') {
      const field2 = errnoNumber(result, this.#libc)
      return this.#send(writeSyscall({ id, field1: -1, field2 }))
    }
    if (typeof result === 'number') return this.#send(writeSyscall({ id, field1: result }))
    return this.#send(writeSyscall({ id, field1: result.length, data: result }))
  }

  async #send(message: Uint8Array): Promise<void> {
    try {
      await this.#channel.send(message)
    } catch (error) {
      // The remote has gone before its answer: the loop sees it, too.
      if (!isOpenampError(error, 'ERR_CLOSED')) throw error
    }
  }
}
