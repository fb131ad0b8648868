import type { Clock } from '../base/clock.js'
import { OpenampError } from '../base/errors.js'
import { type Wait, type WaitOptions, Waits } from '../base/waits.js'
import { readResourceTable, VIRTIO_ID_RPMSG } from '../firmware/index.js'
import type { AddressSpace } from '../memory/address-space.js'
import { RpmsgDevice, VirtioRpmsgRemote } from '../rpmsg/index.js'
import { VIRTIO_STATUS } from '../virtio/index.js'
import { TableVdev } from './vdev.js'

/** What a remote written in TypeScript has around it. */
export interface RemoteOptions {
  /** The memory that it shares with the host. */
  readonly space: AddressSpace
  /** Device address of its resource table, which the host has written there. */
  readonly tableAddress: number
  /** Tells the host that the ring of this notify id has changed. */
  readonly kick: (notifyId: number) => void
  readonly clock: Clock
  /** Told of an error that shows the host broken; the link is closed then. */
  readonly onPeerFault?: (error: OpenampError) => void
}

/** A resource table is looked for in at most so many bytes. */
const TABLE_MAX = 65536

/**
 * The remote's end of a link: it waits until the host's driver is there (DRIVER_OK), and again after
 * the host has gone and come back. Made by `resourceInit`.
 */
export class Remote {
  readonly #options: RemoteOptions
  readonly #waits: Waits
  #device: RpmsgDevice | undefined
  #vdev: TableVdev | undefined
  #transport: VirtioRpmsgRemote | undefined
  #ready: Wait<RpmsgDevice>[] = []
  #ended: Error | undefined

  constructor(options: RemoteOptions) {
    this.#options = options
    this.#waits = new Waits(options.clock)
    this.#look()
  }

  /** The RPMsg device while the host's driver is there. */
  get rpmsg(): RpmsgDevice | undefined {
    return this.#device
  }

  /** The RPMsg device, once the host's driver is there. @throws ERR_TIMEOUT, ERR_ABORTED, ERR_CLOSED */
  async whenReady(options: WaitOptions = {}): Promise<RpmsgDevice> {
    if (this.#ended !== undefined) throw this.#ended
    this.#look()
    if (this.#device !== undefined) return this.#device
    const wait = this.#waits.add<RpmsgDevice>('message', 'driver on the host', options)
    this.#ready.push(wait)
    return wait.promise.finally(() => {
      this.#ready = this.#ready.filter((other) => other !== wait)
    })
  }

  /**
   * To be called when the host has kicked, whatever the notify id: the first kick is also the news
   * that the status has changed, for Linux gives no other.
   */
  kicked(): void {
    this.#look()
    this.#device?.poll()
  }

  /** See `resourceDeinit`. */
  close(): void {
    if (this.#ended !== undefined) return
    const device = this.#device
    // The name service tells the host of what ends here, as long as the link is there.
    for (const endpoint of [...(device?.endpoints ?? [])]) endpoint.destroy()
    this.#ended = new OpenampError('ERR_CLOSED', 'the remote was deinitialised')
    device?.close(this.#ended)
    this.#device = undefined
    const ended = this.#ended
    this.#waits.rejectAll(() => ended)
  }

  /**
   * Looks at the status: the link comes up with DRIVER_OK and goes down without it. A host that was
   * restarted between two looks shows by its rings, which begin anew.
   */
  #look(): void {
    if (this.#ended !== undefined) return
    const ok = (vdev: TableVdev) => (vdev.status & VIRTIO_STATUS.DRIVER_OK) !== 0
    if (this.#device !== undefined) {
      const same = this.#transport?.ringsWereReset === false
      if (this.#vdev !== undefined && ok(this.#vdev) && same) return
      this.#device.close(new OpenampError('ERR_STOPPED', 'the host has reset the device'))
      this.#device = undefined
    }
    this.#vdev = this.#findVdev()
    if (!ok(this.#vdev)) return
    // Addresses and features are only now the host's last word.
    const transport = this.#findVdev()
    const { space, onPeerFault } = this.#options
    this.#transport = new VirtioRpmsgRemote({ transport, space })
    this.#device = new RpmsgDevice(this.#transport, {
      waits: this.#waits,
      ...(onPeerFault === undefined ? {} : { onPeerFault }),
    })
    for (const wait of this.#ready.splice(0)) wait.resolve(this.#device)
  }

  #findVdev(): TableVdev {
    const { space, tableAddress, kick } = this.#options
    const { region, offset } = space.locate('da', tableAddress, 16, 'resource table')
    const bytes = region.bytes.slice(offset, offset + TABLE_MAX)
    const entry = readResourceTable(bytes, 'resource table').vdevs.find(
      (vdev) => vdev.id === VIRTIO_ID_RPMSG,
    )
    if (entry === undefined) {
      throw new OpenampError('ERR_RESOURCE_TABLE', 'the resource table has no RPMsg device')
    }
    return new TableVdev({ entry, table: { region, offset }, space, kick })
  }
}

/**
 * Begins the remote's side of a link (remoteproc_resource_init of the early OpenAMP): reads the
 * resource table in shared memory and waits for the host.
 * @throws ERR_RESOURCE_TABLE, ERR_MEMORY
 */
export function resourceInit(options: RemoteOptions): Remote {
  return new Remote(options)
}

/** Ends it: destroys the endpoints, telling the host, and touches shared memory no more. */
export function resourceDeinit(remote: Remote): void {
  remote.close()
}
