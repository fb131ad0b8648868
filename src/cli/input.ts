import { createInterface } from 'node:readline'
import { OpenampError } from '../base/errors.js'

/** Lines of standard input, taken one at a time; undefined at its end. */
export class Lines {
  readonly #lines: AsyncIterator<string>
  readonly #close: () => void

  constructor(input: NodeJS.ReadableStream) {
    const reader = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
    this.#lines = reader[Symbol.asyncIterator]()
    this.#close = () => reader.close()
  }

  async next(): Promise<string | undefined> {
    const { value, done } = await this.#lines.next()
    return done ? undefined : value
  }

  /** Lets go of the input, so that it does not keep the process alive. */
  close(): void {
    this.#close()
  }
}

/** "01 02 ff" or "0102ff" as bytes. @throws ERR_USAGE */
export function parseHex(line: string, lineNumber: number): Uint8Array {
  const digits = line.replace(/\s+/g, '')
  const wrong = digits.search(/[^0-9a-fA-F]/)
  if (wrong >= 0) {
    throw new OpenampError(
      'ERR_USAGE',
      `standard input, line ${lineNumber}: expected hexadecimal digits, found "${digits[wrong]}"`,
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
