/**
 * Framing of the GDB Remote Serial Protocol (GDB manual, appendix E.1): `$data#checksum`, with `+`
 * and `-` in answer, and the single byte 0x03 that interrupts.
 */

/** The largest packet that is taken, in bytes of its data; debuggers are told of it. */
export const PACKET_SIZE = 0x4000

const INTERRUPT = 0x03
const ESCAPE = 0x7d
const [DOLLAR, HASH, PLUS, MINUS] = [0x24, 0x23, 0x2b, 0x2d]

/** What has come in. */
export type Incoming =
  /** `data` with the escapes undone, a byte a character */
  | { readonly kind: 'packet'; readonly data: string }
  | { readonly kind: 'interrupt' }
  /** the debugger asks for the last packet again */
  | { readonly kind: 'again' }
  /** a packet whose checksum is not that of its data */
  | { readonly kind: 'garbled' }
  /** a packet longer than `PACKET_SIZE` */
  | { readonly kind: 'oversized' }

/** Takes a stream of bytes apart. What lies between packets, and is none of the above, is ignored. */
export class PacketReader {
  #state: 'between' | 'data' | 'checksum' = 'between'
  #data: number[] = []
  #sum = 0
  #oversized = false
  #digits = ''

  read(bytes: Uint8Array): readonly Incoming[] {
    const all: Incoming[] = []
    for (const byte of bytes) {
      const incoming = this.#take(byte)
      if (incoming !== undefined) all.push(incoming)
    }
    return all
  }

  #take(byte: number): Incoming | undefined {
    switch (this.#state) {
      case 'between':
        if (byte === INTERRUPT) return { kind: 'interrupt' }
        if (byte === MINUS) return { kind: 'again' }
        if (byte === DOLLAR) this.#begin()
        return undefined
      case 'data':
        // Neither may stand in data unescaped: what came before was cut off.
        if (byte === DOLLAR) this.#begin()
        else if (byte === HASH) this.#state = 'checksum'
        else this.#append(byte)
        return undefined
      case 'checksum':
        this.#digits += String.fromCharCode(byte)
        return this.#digits.length < 2 ? undefined : this.#end()
    }
  }

  #begin(): void {
    this.#state = 'data'
    this.#data = []
    this.#sum = 0
    this.#oversized = false
    this.#digits = ''
  }

  #append(byte: number): void {
    this.#sum = (this.#sum + byte) & 0xff
    if (this.#data.length < PACKET_SIZE) this.#data.push(byte)
    else this.#oversized = true
  }

  #end(): Incoming {
    this.#state = 'between'
    if (this.#oversized) return { kind: 'oversized' }
    const right = /^[0-9a-f]{2}$/i.test(this.#digits)
    if (!right || Number.parseInt(this.#digits, 16) !== this.#sum) return { kind: 'garbled' }
    return { kind: 'packet', data: withoutEscapes(this.#data) }
  }
}

function withoutEscapes(bytes: readonly number[]): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    text += String.fromCharCode(byte === ESCAPE ? (bytes[++i] ?? 0) ^ 0x20 : byte)
  }
  return text
}

/** The packet of `data`, whose characters are bytes. */
export function frame(data: string): Uint8Array {
  const escaped = data.replace(/[#$}*]/g, (c) => `}${String.fromCharCode(c.charCodeAt(0) ^ 0x20)}`)
  let sum = 0
  for (let i = 0; i < escaped.length; i++) sum = (sum + escaped.charCodeAt(i)) & 0xff
  const text = `$${escaped}#${sum.toString(16).padStart(2, '0')}`
  return Uint8Array.from(text, (c) => c.charCodeAt(0))
}

/** The acknowledgement of a packet, or the request for it again. */
export function acknowledgement(right: boolean): Uint8Array {
  return Uint8Array.of(right ? PLUS : MINUS)
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The bytes of an even number of hexadecimal digits; undefined for anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) return undefined
  return Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
  )
}

/** A number in hexadecimal, without sign; undefined where it is none, or no safe integer. */
export function parseNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9a-f]{1,16}$/i.test(text)) return undefined
  const value = Number.parseInt(text, 16)
  return Number.isSafeInteger(value) ? value : undefined
}
