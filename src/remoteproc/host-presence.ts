import { OpenampError } from '../base/errors.js'
import { isAnyNotifyId, readResourceTable, VIRTIO_ID_RPMSG } from '../firmware/index.js'
import type { AddressSpace, Location } from '../memory/address-space.js'
import { Region } from '../memory/region.js'
import { VIRTIO_STATUS } from '../virtio/index.js'
import { type RpmsgLiteLayout, rpmsgLite } from './rpmsg-lite.js'
import { TableVdev } from './vdev.js'

/**
 * What the remote's host is like, which says how it shows that it is there:
 * - `openamp`: by DRIVER_OK in the resource table, with the features that it has accepted: OpenAMP,
 *   Linux since 3.10, this framework;
 * - `linux-3.4`: by its first kick. It writes neither status nor features; what the remote offers
 *   counts as accepted, and the table's addresses are the remote's own;
 * - `rpmsg-lite`: by its first kick, over rings at an agreed place; there is no resource table.
 */
export type HostProfile =
  | { readonly profile?: 'openamp' | 'linux-3.4'; readonly tableAddress: number }
  | { readonly profile: 'rpmsg-lite'; readonly layout: RpmsgLiteLayout }

/** How a remote finds its host. */
export interface HostPresence {
  /** How this kind of host uses the rings. */
  readonly habits: 'virtio' | 'rpmsg-lite'
  /**
   * The device, if the host's driver is there.
   * @param kicked the host has just kicked
   */
  look(kicked: boolean): TableVdev | undefined
  /** The link is down; what was seen of the host before counts no more. */
  forget(): void
}

interface Place {
  readonly space: AddressSpace
  readonly kick: (notifyId: number) => void
}

/** @throws ERR_USAGE for a layout that cannot be */
export function hostPresence(profile: HostProfile, place: Place): HostPresence {
  if (profile.profile === 'rpmsg-lite') {
    const { bytes } = rpmsgLite(profile.layout).resourceTable
    return new KickPresence(place, 'rpmsg-lite', () => bytes)
  }
  const { tableAddress } = profile
  if (profile.profile === 'linux-3.4') {
    return new KickPresence(place, 'virtio', () => tableBytes(locateTable(place, tableAddress)))
  }
  return new StatusPresence(place, tableAddress)
}

/** The host tells by the status in the shared table. */
class StatusPresence implements HostPresence {
  readonly habits = 'virtio'
  readonly #place: Place
  readonly #tableAddress: number

  constructor(place: Place, tableAddress: number) {
    this.#place = place
    this.#tableAddress = tableAddress
  }

  look(): TableVdev | undefined {
    const { status, entry } = this.#find()
    if ((status & VIRTIO_STATUS.DRIVER_OK) !== 0) {
      // Addresses and features are only now the host's last word.
      return this.#find()
    }
    if ((status & VIRTIO_STATUS.DEVICE_NEEDS_RESET) !== 0) {
      // OpenAMP's driver asks so for a reset of the device, and its device side answers with 0.
      this.#find().status = VIRTIO_STATUS.RESET
      if (!isAnyNotifyId(entry.notifyid)) this.#place.kick(entry.notifyid)
    }
    return undefined
  }

  forget(): void {}

  #find(): TableVdev {
    const table = locateTable(this.#place, this.#tableAddress)
    return vdevOf(this.#place, tableBytes(table), table)
  }
}

/** The host is there once it has kicked. Status and features stand in a table of the remote's own. */
class KickPresence implements HostPresence {
  readonly habits: 'virtio' | 'rpmsg-lite'
  readonly #place: Place
  readonly #read: () => Uint8Array
  #there = false

  constructor(place: Place, habits: 'virtio' | 'rpmsg-lite', read: () => Uint8Array) {
    this.#place = place
    this.habits = habits
    this.#read = read
  }

  look(kicked: boolean): TableVdev | undefined {
    if (kicked) this.#there = true
    if (!this.#there) return undefined
    const bytes = this.#read()
    const size = Math.ceil(bytes.length / 8) * 8
    const region = new Region({ name: "the remote's own table", da: 0, size })
    const vdev = vdevOf(this.#place, bytes, { region, offset: 0 })
    vdev.driverFeatures = vdev.deviceFeatures
    vdev.status = VIRTIO_STATUS.DRIVER_OK
    return vdev
  }

  forget(): void {
    this.#there = false
  }
}

/** A resource table is looked for in at most so many bytes. */
const TABLE_MAX = 65536

function locateTable({ space }: Place, tableAddress: number): Location {
  return space.locate('da', tableAddress, 16, 'resource table')
}

/** A private copy: what is read of it is read once. */
function tableBytes({ region, offset }: Location): Uint8Array {
  return region.bytes.slice(offset, offset + TABLE_MAX)
}

function vdevOf({ space, kick }: Place, bytes: Uint8Array, table: Location): TableVdev {
  const entry = readResourceTable(bytes, 'resource table').vdevs.find(
    (vdev) => vdev.id === VIRTIO_ID_RPMSG,
  )
  if (entry === undefined) {
    throw new OpenampError('ERR_RESOURCE_TABLE', 'the resource table has no RPMsg device')
  }
  return new TableVdev({ entry, table, space, kick })
}
