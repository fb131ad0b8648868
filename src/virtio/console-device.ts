import { OpenampError } from '../base/errors.js'
import { type ChainWriter, serveChains } from './chain.js'
import { ConfigSpace } from './config-space.js'
import { VIRTIO_FEATURE, VIRTIO_ID } from './defs.js'
import type { DeviceLink, VirtioDevice } from './device.js'
import type { DeviceQueue } from './device-queue.js'

/** Feature bits of a console (virtio 1.2, section 5.3.3); this one has the first. */
export const VIRTIO_CONSOLE_F = { SIZE: 0, MULTIPORT: 1, EMERG_WRITE: 2 } as const

/** struct virtio_console_config (section 5.3.4). */
export const CONSOLE_CONFIG = {
  COLS: 0,
  ROWS: 2,
  MAX_NR_PORTS: 4,
  EMERG_WR: 8,
  SIZE: 12,
} as const

/** Queues of a console with one port (section 5.3.2), seen from the driver. */
const RECEIVE = 0
const TRANSMIT = 1
const QUEUE_SIZE = 64

/** Bytes that the host is given at a time. */
const PIECE = 0x1_0000
/** Bytes in all buffers of a look: more than any driver has ready. */
const LOOK_BYTES_MAX = 0x100_0000

export interface ConsoleDeviceOptions {
  /** Told of the bytes that the driver writes. */
  readonly received: (bytes: Uint8Array) => void
  readonly columns?: number
  readonly rows?: number
}

/** A console with one port (virtio 1.2, section 5.3). */
export class ConsoleDevice implements VirtioDevice {
  readonly deviceId = VIRTIO_ID.CONSOLE
  readonly features =
    2 ** VIRTIO_CONSOLE_F.SIZE +
    2 ** VIRTIO_FEATURE.RING_INDIRECT_DESC +
    2 ** VIRTIO_FEATURE.RING_EVENT_IDX
  readonly queueSizes = [QUEUE_SIZE, QUEUE_SIZE]
  readonly config = new ConfigSpace(CONSOLE_CONFIG.SIZE)
  readonly #received: (bytes: Uint8Array) => void
  /** What the driver has not taken yet. */
  #waiting: Uint8Array[] = []
  #link: DeviceLink | undefined
  #input: DeviceQueue | undefined
  #output: DeviceQueue | undefined

  constructor(options: ConsoleDeviceOptions) {
    const { received, columns = 80, rows = 25 } = options
    this.#received = received
    this.resize(columns, rows)
  }

  /** Bytes that were written here and that the driver has not taken yet. */
  get pending(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0)
  }

  /** Writes to the driver; what it has no buffers for just now waits. The bytes are not copied. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#waiting.push(bytes)
    this.#link?.attempt(() => this.#send())
  }

  /** Throws away what the driver has not taken. @returns how many bytes that were */
  discard(): number {
    const count = this.pending
    this.#waiting = []
    return count
  }

  /** Tells the driver of another size, in characters. */
  resize(columns: number, rows: number): void {
    this.config.update((view) => {
      view.setUint16(CONSOLE_CONFIG.COLS, columns, true)
      view.setUint16(CONSOLE_CONFIG.ROWS, rows, true)
    })
  }

  activate(link: DeviceLink): void {
    this.#link = link
    this.#input = link.openQueue(RECEIVE)
    this.#output = link.openQueue(TRANSMIT)
    this.#send()
    this.#receive()
  }

  notified(queue: number): void {
    if (queue === RECEIVE) this.#send()
    else this.#receive()
  }

  detach(): void {
    this.#link = this.#input = this.#output = undefined
  }

  #send(): void {
    const queue = this.#input
    const link = this.#link
    if (queue === undefined || link === undefined) return
    // Buffers that come while there is nothing to say are no news.
    if (this.#waiting.length === 0) queue.disableNotifications()
    else serveChains(queue, link.space, ({ writer }) => this.#fill(writer))
    if (queue.publish()) link.transport.queues[RECEIVE]?.notify()
  }

  #receive(): void {
    const queue = this.#output
    const link = this.#link
    if (queue === undefined || link === undefined) return
    let room = LOOK_BYTES_MAX
    serveChains(queue, link.space, ({ reader }) => {
      room -= reader.remaining
      if (room < 0) {
        throw new OpenampError('ERR_PEER', `console: more than ${LOOK_BYTES_MAX} bytes in one look`)
      }
      // Whoever is told may end it.
      while (reader.remaining > 0 && this.#link === link) this.#received(reader.readAll(PIECE))
      return this.#link === link
    })
    if (queue.publish()) link.transport.queues[TRANSMIT]?.notify()
  }

  /** @returns whether there is more to say */
  #fill(writer: ChainWriter): boolean {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const count = writer.write(next)
      if (count < next.length) {
        this.#waiting[0] = next.subarray(count)
        return true
      }
      this.#waiting.shift()
    }
    return false
  }
}
