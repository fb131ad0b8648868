import { OpenampError } from '../base/errors.js'
import { rethrowLater } from '../base/events.js'
import { Waits } from '../base/waits.js'
import { type DeviceLink, VIRTIO_FEATURE, VIRTIO_ID, type VirtioDevice } from '../virtio/index.js'
import { RpmsgDevice } from './device.js'
import { payloadSizeOf } from './header.js'
import { VirtioRpmsgRemote } from './virtio-remote.js'

/** Buffers in each direction: as many as Linux's driver takes at most. */
const QUEUE_SIZE = 256

export interface RpmsgVirtioDeviceOptions {
  /**
   * Bytes of a transmit buffer with its header, 17 or more; what the driver's descriptors say unless
   * given. ERR_USAGE where it carries no message.
   */
  readonly bufferSize?: number
}

/** One life of the link, between DRIVER_OK and reset. */
interface Life {
  readonly transport: VirtioRpmsgRemote
  readonly rpmsg: RpmsgDevice
}

/**
 * The RPMsg device (id 7) of a driver that brings its own buffers: it is the host, and what is here
 * is the remote.
 */
export class RpmsgVirtioDevice implements VirtioDevice {
  readonly deviceId = VIRTIO_ID.RPMSG
  readonly features = 2 ** VIRTIO_FEATURE.RPMSG_NS + 2 ** VIRTIO_FEATURE.RING_EVENT_IDX
  readonly queueSizes = [QUEUE_SIZE, QUEUE_SIZE]
  readonly #remote: (rpmsg: RpmsgDevice) => void | Promise<void>
  readonly #bufferSize: number | undefined
  #life: Life | undefined
  #ended: Life | undefined

  /**
   * @param remote called anew for each driver that comes; what it throws, while that one is there,
   *   breaks the device, and surfaces as an uncaught exception
   * @param options how it uses the driver's buffers
   */
  constructor(
    remote: (rpmsg: RpmsgDevice) => void | Promise<void>,
    options: RpmsgVirtioDeviceOptions = {},
  ) {
    this.#remote = remote
    this.#bufferSize = options.bufferSize
    if (options.bufferSize !== undefined) payloadSizeOf(options.bufferSize)
  }

  activate(link: DeviceLink): void {
    const { space, clock } = link
    const transport = new VirtioRpmsgRemote({
      transport: link.transport,
      space,
      clock,
      ...(this.#bufferSize === undefined ? {} : { bufferSize: this.#bufferSize }),
    })
    const rpmsg = new RpmsgDevice(transport, {
      waits: new Waits(clock),
      onPeerFault: (error) => link.fail(error),
    })
    const life = { transport, rpmsg }
    this.#life = life
    const run = async (): Promise<void> => this.#remote(rpmsg)
    run().catch((cause: unknown) => {
      // What a link that has ended makes of its users is no news.
      if (this.#life !== life) return
      const what = cause instanceof Error ? cause.message : String(cause)
      link.fail(new OpenampError('ERR_CRASHED', `the remote crashed: ${what}`, { cause }))
      rethrowLater(cause)
    })
    rpmsg.poll()
  }

  notified(): void {
    this.#life?.rpmsg.poll()
  }

  detach(): void {
    // The rings at once; the channels end in `closed`, for that calls their users.
    this.#life?.transport.close()
    this.#ended = this.#life
    this.#life = undefined
  }

  closed(reason: Error): void {
    const rpmsg = this.#ended?.rpmsg
    this.#ended = undefined
    rpmsg?.close(reason)
    rpmsg?.waits.rejectAll(() => reason)
  }
}
