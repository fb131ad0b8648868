import { OpenampError } from '../base/errors.js'
import { fw_rsc_vdev, isAnyNotifyId, type VdevEntry } from '../firmware/index.js'
import type { AddressSpace, Location } from '../memory/address-space.js'
import { type TransportQueue, VIRTIO_STATUS, type VirtioTransport, Vring } from '../virtio/index.js'

export interface TableVdevOptions {
  /** The vdev's entry as it was decoded and checked: addresses and sizes come from here, so that
   * nobody can change them afterwards. */
  readonly entry: VdevEntry
  /** Where the table lies in the remote's memory. */
  readonly table: Location
  readonly space: AddressSpace
  /** Kicks a notify id of this vdev's vrings. */
  readonly kick: (notifyId: number) => void
}

/**
 * A virtio device behind an entry of the resource table (struct fw_rsc_vdev): status and features
 * are fields of the table in shared memory, rings lie where its vring entries say. Host and remote
 * use it alike.
 */
export class TableVdev implements VirtioTransport {
  readonly deviceId: number
  readonly deviceFeatures: number
  readonly entry: VdevEntry
  readonly queues: readonly TransportQueue[]
  readonly #at: Location
  readonly #kick: (notifyId: number) => void
  readonly #kicked: number[]

  constructor(options: TableVdevOptions) {
    const { entry, table, space, kick } = options
    this.entry = entry
    this.#kick = kick
    this.deviceId = entry.id
    this.deviceFeatures = entry.dfeatures
    this.#at = { region: table.region, offset: table.offset + entry.offset }
    const kicked = entry.vrings.map(() => 0)
    this.#kicked = kicked
    this.queues = entry.vrings.map((vring, i) => ({
      ring: () => {
        const name = `vring ${vring.index} of vdev ${entry.vdev}`
        return Vring.legacy(space, 'da', vring.da, vring.num, vring.align, name)
      },
      notify: () => kick(vring.notifyid),
      get notificationsReceived() {
        return kicked[i] ?? 0
      },
    }))
  }

  /** The other end has kicked `notifyId`: counted for the ring that it belongs to. */
  countKick(notifyId: number): void {
    const index = this.entry.vrings.findIndex((vring) => vring.notifyid === notifyId)
    if (index >= 0) this.#kicked[index] = (this.#kicked[index] ?? 0) + 1
  }

  get driverFeatures(): number {
    return this.#at.region.getU32(this.#at.offset + fw_rsc_vdev.gfeatures)
  }

  set driverFeatures(features: number) {
    this.#at.region.setU32(this.#at.offset + fw_rsc_vdev.gfeatures, features)
  }

  /** Through Atomics: what was written before a status is seen by whoever reads that status. */
  get status(): number {
    return Atomics.load(this.#at.region.bytes, this.#at.offset + fw_rsc_vdev.status)
  }

  set status(status: number) {
    if (status < 0 || status > 0xff) {
      throw new OpenampError('ERR_USAGE', `virtio status ${status} is not a byte`)
    }
    Atomics.store(this.#at.region.bytes, this.#at.offset + fw_rsc_vdev.status, status)
  }

  /**
   * As the device: asks the driver for a reset (virtio 1.2, 2.1.2), where there is one, and tells it
   * by the device's own notify id, as of a change of the config space.
   */
  requestReset(): void {
    if ((this.status & VIRTIO_STATUS.DRIVER_OK) === 0) return
    const at = this.#at.offset + fw_rsc_vdev.status
    Atomics.or(this.#at.region.bytes, at, VIRTIO_STATUS.DEVICE_NEEDS_RESET)
    if (!isAnyNotifyId(this.entry.notifyid)) this.#kick(this.entry.notifyid)
  }
}
