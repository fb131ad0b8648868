import type { Readable } from 'node:stream'
import { OpenampError } from '../base/errors.js'

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Lines of standard input as they are, byte for byte, without LF or CR LF at their end. */
export class Lines {
  readonly #input: Readable
  readonly #lines: Uint8Array[] = []
  /** The pieces of the line that has no end yet. */
  #rest: Uint8Array[] = []
  #ended: 'no' | 'yes' | Error = 'no'
  #wake: () => void = () => {}

  constructor(input: Readable) {
    this.#input = input
    input.on('data', this.#onData)
    input.on('end', this.#onEnd)
    input.on('error', this.#onError)
    input.pause()
  }

  /** The next line; undefined at the end of the input. @throws ERR_USAGE where it cannot be read */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const line = this.#lines.shift()
      if (line !== undefined) return line
      if (this.#ended === 'yes') return undefined
      if (this.#ended !== 'no') throw this.#ended
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        this.#input.resume()
      })
    }
  }

  /** Lets go of the input, so that it does not keep the process alive. */
  close(): void {
    // Merely paused, a pipe may go on reading: its pause and resume take effect in later ticks.
    this.#input.destroy()
    this.#lines.length = 0
    this.#end('yes')
  }

  readonly #onData = (chunk: Uint8Array): void => {
    let start = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      this.#rest.push(chunk.subarray(start, at))
      this.#lines.push(withoutCarriageReturn(this.#takeRest()))
      start = at + 1
    }
    if (start < chunk.length) this.#rest.push(chunk.subarray(start))
    if (this.#lines.length === 0) return
    // Who types faster than the remote takes it waits in the pipe.
    this.#input.pause()
    this.#wake()
  }

  readonly #onEnd = (): void => {
    if (this.#rest.length > 0) this.#lines.push(this.#takeRest())
    this.#end('yes')
  }

  readonly #onError = (cause: Error): void => {
    this.#end(
      new OpenampError('ERR_USAGE', `standard input: cannot be read: ${cause.message}`, { cause }),
    )
  }

  #takeRest(): Uint8Array {
    const line = Buffer.concat(this.#rest)
    this.#rest = []
    return line
  }

  #end(how: 'yes' | Error): void {
    if (this.#ended === 'no') this.#ended = how
    this.#wake()
  }
}

function withoutCarriageReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
}

/** "01 02 ff" or "0102ff" as bytes. @throws ERR_USAGE */
export function parseHex(line: string, lineNumber: number): Uint8Array {
  const digits = line.replace(/\s+/g, '')
  const wrong = /[^0-9a-fA-F]/u.exec(digits)
  if (wrong !== null) {
    throw new OpenampError(
      'ERR_USAGE',
      `standard input, line ${lineNumber}: expected hexadecimal digits, found "${wrong[0]}"`,
    )
  }
  if (digits.length % 2 !== 0) {
    throw new OpenampError(
      'ERR_USAGE',
      `standard input, line ${lineNumber}: ${digits.length} hexadecimal digits are no whole number of bytes`,
    )
  }
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
