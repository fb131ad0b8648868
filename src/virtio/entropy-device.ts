import { serveChains } from './chain.js'
import { VIRTIO_FEATURE, VIRTIO_ID } from './defs.js'
import type { DeviceLink, VirtioDevice } from './device.js'
import type { DeviceQueue } from './device-queue.js'

const QUEUE_SIZE = 16
/** Bytes that one request gets at most; a driver asks again for more (virtio 1.2, section 5.4.6). */
const REQUEST_MAX = 65536

/** A source of entropy (virtio 1.2, section 5.4): fills whatever buffers it is given. */
export class EntropyDevice implements VirtioDevice {
  readonly deviceId = VIRTIO_ID.ENTROPY
  readonly features = 2 ** VIRTIO_FEATURE.RING_INDIRECT_DESC + 2 ** VIRTIO_FEATURE.RING_EVENT_IDX
  readonly queueSizes = [QUEUE_SIZE]
  readonly #source: (room: Uint8Array<ArrayBuffer>) => void
  #link: DeviceLink | undefined
  #queue: DeviceQueue | undefined

  /** @param source fills the room that it is given, which is no memory of the driver's */
  constructor(source: (room: Uint8Array<ArrayBuffer>) => void) {
    this.#source = source
  }

  activate(link: DeviceLink): void {
    this.#link = link
    this.#queue = link.openQueue(0)
    this.notified()
  }

  notified(): void {
    const queue = this.#queue
    const link = this.#link
    if (queue === undefined || link === undefined) return
    serveChains(queue, link.space, ({ writer }) => {
      const bytes = new Uint8Array(Math.min(writer.remaining, REQUEST_MAX))
      this.#source(bytes)
      writer.write(bytes)
      return true
    })
    if (queue.publish()) link.transport.queues[0]?.notify()
  }

  detach(): void {
    this.#link = this.#queue = undefined
  }
}
