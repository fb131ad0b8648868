import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { isOpenampError } from '../../base/errors.js'
import type { Channel } from '../../rpmsg/index.js'
import type { Framing } from './framing.js'
import type { KernelRproc } from './rproc.js'
import { attribute, Folder } from './tree.js'

const ANY = 0xffff_ffff
/** A program that has said its last is answered until nothing has come for so long, ms. */
const LINGER = 1000

/** `/dev/rpmsgN`: a Unix socket on which one program at a time has the messages of a channel. */
export class ChannelSocket {
  /** The device below /sys/bus/rpmsg/devices. */
  readonly sysfs: Folder
  readonly path: string
  readonly #remote: KernelRproc
  readonly #name: string
  readonly #framing: Framing
  readonly #log: (line: string) => void
  readonly #server: Server
  #socket: Socket | undefined
  #channel: Channel | undefined
  #unheard = 0

  constructor(options: {
    readonly remote: KernelRproc
    readonly name: string
    readonly address: number
    readonly number: number
    readonly folder: string
    readonly framing: Framing
    readonly log: (line: string) => void
  }) {
    const { remote, name, address, number, folder } = options
    this.#remote = remote
    this.#name = name
    this.#framing = options.framing
    this.#log = (line) => options.log(`rpmsg${number} (${name}): ${line}`)
    this.path = join(folder, `rpmsg${number}`)
    const hex = (value: number) => attribute(() => `0x${value.toString(16)}\n`)
    this.sysfs = new Folder({
      name: attribute(() => `${name}\n`),
      src: attribute(() => `0x${(this.#channel?.endpoint.address ?? ANY).toString(16)}\n`),
      dst: hex(address),
      announce: attribute(() => 'false\n'),
      modalias: attribute(() => `rpmsg:${name}\n`),
      uevent: attribute(() => `DRIVER=rpmsg_chrdev\nMODALIAS=rpmsg:${name}\n`),
      rpmsg: new Folder({
        [`rpmsg${number}`]: new Folder({
          name: attribute(() => `${name}\n`),
          src: attribute(() => `${(this.#channel?.endpoint.address ?? ANY) | 0}\n`),
          dst: attribute(() => `${address | 0}\n`),
        }),
      }),
    })
    // A program that has said all that it will say may wait for the answer.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => socket.destroy())
      this.#serve(socket).catch((error: unknown) => this.#end(socket, error))
    })
    this.#server.on('error', (error) => this.#log(error.message))
    this.#server.listen(this.path)
  }

  /** The channel has gone: whoever is connected sees the end. */
  close(): void {
    this.#server.close()
    this.#socket?.end()
    this.#socket = undefined
  }

  async #serve(socket: Socket): Promise<void> {
    if (this.#socket?.readableEnded) this.#socket.destroy()
    else if (this.#socket !== undefined) {
      this.#log('EBUSY: another program has it open')
      // What it has sent is not read, and it may never leave by itself: nothing of it stays.
      socket.resume().end()
      setTimeout(() => socket.destroy(), LINGER).unref()
      return
    }
    this.#socket = socket
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined
    })
    const channel = await this.#bind()
    const splitter = this.#framing.splitter()
    // One after the other: where the remote takes no more, the writer waits. The end of the reading
    // shall not be the end of the writing.
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      for (const message of splitter.push(chunk)) await channel.send(message)
    }
    for (const message of splitter.rest()) await channel.send(message)
    socket.setTimeout(LINGER, () => socket.end())
  }

  #end(socket: Socket, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    this.#log(isOpenampError(error, 'ERR_MESSAGE_SIZE') ? `EMSGSIZE: ${text}` : text)
    socket.destroy()
  }

  async #bind(): Promise<Channel> {
    const { rproc } = this.#remote
    if (rproc === undefined) throw new Error('ENODEV: the remote is offline')
    if (this.#channel !== undefined) return this.#channel
    const channel = await rproc.channel(this.#name)
    this.#channel = channel
    this.#deliver(channel).catch((error: unknown) => {
      if (!isOpenampError(error)) throw error
      // The remote has left its life, which is told elsewhere.
      this.#socket?.end()
    })
    return channel
  }

  async #deliver(channel: Channel): Promise<void> {
    for await (const { data } of channel) {
      const socket = this.#socket
      if (socket === undefined) {
        if (this.#unheard++ === 0) this.#log('messages come in while nobody is connected')
        continue
      }
      if (!socket.write(this.#framing.framed(data))) await drained(socket)
    }
    this.#socket?.end()
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}
