import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { Duplex } from 'node:stream'
import { ReadStream } from 'node:tty'
import { errnoOf, refusal } from './refused-node.js'

/** Milliseconds between two tries to write where the kernel has no buffer; it gives no notice of one. */
const RETRY = 2

export interface RpmsgSerialOptions {
  /** "/dev/ttyRPMSG0" */
  readonly path: string
}

/**
 * A serial line of rpmsg_tty as a stream of bytes, for programs that know the package `serialport`: `path`,
 * `isOpen`, the events 'open', 'data', 'error' and 'close', `write`, `drain`, `close`. There is no rate to
 * set. Errors are those of docs/errors.md.
 */
export class RpmsgSerial extends Duplex {
  readonly path: string
  #fd: number | undefined
  #line: ReadStream | undefined

  constructor({ path }: RpmsgSerialOptions) {
    super()
    this.path = path
  }

  get isOpen(): boolean {
    return this.#line !== undefined
  }

  /** Calls back once all that was written is in the kernel's hands. */
  drain(callback: (error?: Error | null) => void = () => {}): void {
    if (this.writableLength === 0) process.nextTick(callback)
    else this.write('', callback)
  }

  close(callback: (error?: Error | null) => void = () => {}): void {
    this.once('close', () => callback())
    this.end(() => this.destroy())
  }

  override _construct(callback: (error?: Error | null) => void): void {
    const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK
    try {
      this.#fd = openSync(this.path, flags)
      const line = new ReadStream(openSync(this.path, flags))
      // rpmsg_tty begins with a line discipline that turns CR into NL.
      line.setRawMode(true)
      line.on('data', (data: Buffer) => {
        if (!this.push(data)) line.pause()
      })
      line.on('end', () => this.push(null))
      line.on('error', (error) => this.destroy(refusal(error, this.path)))
      this.#line = line
    } catch (error) {
      callback(refusal(error, this.path))
      return
    }
    callback()
    process.nextTick(() => this.emit('open'))
  }

  override _read(): void {
    this.#line?.resume()
  }

  override _write(
    data: Buffer,
    encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    if (this.#fd === undefined || this.destroyed) {
      callback(refusal(Object.assign(new Error('closed'), { code: 'EIO' }), this.path))
      return
    }
    try {
      const length = data.length === 0 ? 0 : writeSync(this.#fd, data)
      if (length === data.length) callback()
      else this._write(data.subarray(length), encoding, callback)
    } catch (error) {
      // ENOMEM is what the driver says of a ring that is full.
      if (['EAGAIN', 'ENOMEM'].includes(errnoOf(error) ?? '')) {
        setTimeout(() => this._write(data, encoding, callback), RETRY)
      } else callback(refusal(error, this.path))
    }
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#line?.destroy()
    this.#line = undefined
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
    callback(error)
  }
}
