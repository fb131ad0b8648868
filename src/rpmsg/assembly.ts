import { hex, OpenampError } from '../base/errors.js'
import { Region } from '../memory/region.js'
import { RxBuffer } from './buffers.js'
import type { ControlMessage } from './control-message.js'
import { RPMSG_HDR } from './header.js'

/** A message of which fragments come in: in memory of our own, as long as it says it will be. */
export class Assembly {
  readonly total: number
  readonly source: number
  readonly destination: number
  readonly #region: Region
  #received = 0

  /** @throws ERR_PEER for a message longer than `most`, or empty */
  constructor({ source, destination, value: total }: ControlMessage, most: number) {
    if (total === 0 || total > most) {
      throw lie(source, `a message of ${total} bytes, at most ${most} were agreed`)
    }
    this.total = total
    this.source = source
    this.destination = destination
    const size = Math.ceil((RPMSG_HDR.SIZE + total) / 8) * 8
    this.#region = new Region({ name: 'message in fragments', da: 0, size })
  }

  get received(): number {
    return this.#received
  }

  get complete(): boolean {
    return this.#received === this.total
  }

  /** @throws ERR_PEER for one that does not continue where the last one ended, or reaches too far */
  add({ value: total, offset }: ControlMessage, data: Uint8Array): void {
    if (total !== this.total || offset !== this.#received) {
      const found = `bytes from ${offset} of a message of ${total}`
      throw lie(this.source, `${found}, ${this.#received} of ${this.total} were to come next`)
    }
    if (data.length === 0 || data.length > total - offset) {
      throw lie(this.source, `${data.length} bytes at ${offset} of a message of ${total}`)
    }
    this.#region.bytes.set(data, RPMSG_HDR.SIZE + offset)
    this.#received += data.length
  }

  /** The whole message, as if it had come in one buffer. `giveBack` is told when nobody holds it. */
  message(giveBack: () => void): RxBuffer {
    const message = new RxBuffer(-1, giveBack)
    message.place({ region: this.#region, offset: 0 }, RPMSG_HDR.SIZE + this.total)
    message.length = this.total
    message.source = this.source
    message.destination = this.destination
    return message
  }
}

function lie(source: number, what: string): OpenampError {
  return new OpenampError('ERR_PEER', `fragments from ${hex(source)}: ${what}`)
}
