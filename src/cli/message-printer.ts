import type { Message } from '../rpmsg/index.js'
import { harmless, harmlessJson, type Terminal } from './terminal.js'

/** Prints messages as they are, in hexadecimal, or as JSON. */
export class MessagePrinter {
  readonly #how: { readonly json: boolean; readonly hex: boolean }
  readonly #terminal: Terminal

  constructor(how: { readonly json: boolean; readonly hex: boolean }, terminal: Terminal) {
    this.#how = how
    this.#terminal = terminal
  }

  print(channel: string, message: Message): void {
    const { stdout } = this.#terminal
    const hex = Buffer.from(message.data).toString('hex')
    if (this.#how.json) {
      const text = message.text()
      stdout.write(`${harmlessJson({ channel, source: message.source, hex, text })}\n`)
    } else if (this.#how.hex) stdout.write(`${hex}\n`)
    else if (stdout.isTTY) stdout.write(`${harmless(message.text())}\n`)
    else {
      stdout.write(message.data)
      stdout.write('\n')
    }
  }
}
