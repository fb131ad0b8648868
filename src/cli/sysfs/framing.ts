import { OpenampError } from '../../base/errors.js'

/** How messages stand in the bytes of a stream. */
export interface Framing {
  framed(message: Uint8Array): Uint8Array
  splitter(): Splitter
}

/** Finds the messages in a stream. */
export interface Splitter {
  /** The messages that a further piece completes. @throws ERR_MESSAGE_SIZE */
  push(chunk: Buffer): readonly Uint8Array[]
  /** What is left when the stream has ended. */
  rest(): readonly Uint8Array[]
}

/** No message is longer; a stream without an end in sight is none of messages. */
const LONGEST = 0x1_0000

const tooLong = (length: number): OpenampError =>
  new OpenampError('ERR_MESSAGE_SIZE', `a message of ${length} bytes, expected up to ${LONGEST}`)

/** One message a line, without its end: for text, and for people. */
const lines: Framing = {
  framed: (message) => Buffer.concat([message, Buffer.of(0x0a)]),
  splitter: () =>
    splitter(
      (bytes) => {
        const end = bytes.indexOf(0x0a)
        return end < 0 ? undefined : { from: 0, to: end, next: end + 1 }
      },
      // The last line may have no end.
      (bytes) => (bytes.length > 0 ? [bytes] : []),
    ),
}

/** Before each message its length, 32 bits, little-endian: for any bytes. */
const length: Framing = {
  framed: (message) => {
    const header = Buffer.alloc(4)
    header.writeUInt32LE(message.length)
    return Buffer.concat([header, message])
  },
  splitter: () =>
    splitter(
      (bytes) => {
        if (bytes.length < 4) return undefined
        const to = 4 + bytes.readUInt32LE()
        if (to > LONGEST) throw tooLong(to - 4)
        return bytes.length < to ? undefined : { from: 4, to, next: to }
      },
      () => [],
    ),
}

interface Found {
  readonly from: number
  readonly to: number
  /** Where the next message begins. */
  readonly next: number
}

function splitter(
  find: (bytes: Buffer) => Found | undefined,
  last: (bytes: Buffer) => readonly Uint8Array[],
): Splitter {
  let rest: Buffer = Buffer.alloc(0)
  return {
    push: (chunk) => {
      const messages: Uint8Array[] = []
      rest = Buffer.concat([rest, chunk])
      for (let found = find(rest); found !== undefined; found = find(rest)) {
        messages.push(rest.subarray(found.from, found.to))
        rest = rest.subarray(found.next)
      }
      if (rest.length > LONGEST) throw tooLong(rest.length)
      return messages
    },
    rest: () => last(rest),
  }
}

export const framings: ReadonlyMap<string, Framing> = new Map([
  ['lines', lines],
  ['length', length],
])
