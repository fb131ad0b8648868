import { OpenampError } from '../../base/errors.js'
import type { Finding } from '../finding.js'
import { type DecodedTable, decodeTable } from './decode.js'
import {
  FW_RSC_ADDR_ANY,
  fw_rsc_carveout,
  fw_rsc_vdev,
  fw_rsc_vdev_vring,
  RSC_NOTIFY_ID_ANY,
} from './defs.js'
import type { CarveoutEntry, ResourceEntry, VdevEntry } from './entries.js'

/** Where a table is in the image, and its bytes. */
export interface FoundTable {
  /** Device address at which the remote expects it, and the host writes it. */
  readonly da: number
  /** Bytes, a private copy. */
  readonly bytes: Uint8Array
  readonly size: number
  /** How it was found: in the image's section, at an address in the image, in a remote's memory. */
  readonly origin: 'section' | 'address' | 'memory'
}

/**
 * A resource table: decoded entries over a private copy of its bytes, which a host writes its
 * answers into (addresses, ids, features, status) before it writes them over the table in the
 * remote's memory. Entries are snapshots: take them anew after a write. Any snapshot of an entry
 * serves to name it in a write.
 */
export class ResourceTable {
  /** The table's bytes. Change them through the methods only. */
  readonly bytes: Uint8Array
  /** Where the remote expects the table, if that is known. */
  readonly da: number | undefined
  readonly origin: FoundTable['origin'] | undefined
  /** What was odd, but no reason to refuse. */
  readonly findings: readonly Finding[]
  readonly #where: string
  readonly #view: DataView
  #decoded: DecodedTable | undefined

  /** Use `readResourceTable`. @throws ERR_RESOURCE_TABLE where the table is malformed */
  constructor(bytes: Uint8Array, where: string, place?: Pick<FoundTable, 'da' | 'origin'>) {
    // Not slice: that of Node's Buffer gives a view, not a copy.
    this.bytes = new Uint8Array(bytes)
    this.#view = new DataView(this.bytes.buffer)
    this.#where = where
    this.da = place?.da
    this.origin = place?.origin
    this.#decoded = decodeTable(this.bytes, where)
    this.findings = this.#decoded.findings
  }

  /** The entries as the bytes now have them, in the order of the table. */
  get entries(): readonly ResourceEntry[] {
    this.#decoded ??= decodeTable(this.bytes, this.#where)
    return this.#decoded.entries
  }

  get carveouts(): readonly CarveoutEntry[] {
    return this.entries.filter((entry) => entry.kind === 'carveout')
  }

  get vdevs(): readonly VdevEntry[] {
    return this.entries.filter((entry) => entry.kind === 'vdev')
  }

  /** The first carve-out of that name: "vdev0buffer", "vdev0vring0". */
  carveout(name: string): CarveoutEntry | undefined {
    return this.carveouts.find((entry) => entry.name === name)
  }

  /** Says where a carve-out has been put; both addresses are 32 bits wide. */
  setCarveoutAddress(entry: CarveoutEntry, da: number, pa: number): void {
    this.#setU32(entry.offset + fw_rsc_carveout.da, da, 'da')
    this.#setU32(entry.offset + fw_rsc_carveout.pa, pa, 'pa')
  }

  /** Says where vring `index` of a vdev has been put. */
  setVringAddress(entry: VdevEntry, index: number, da: number): void {
    this.#setU32(this.#vring(entry, index) + fw_rsc_vdev_vring.da, da, 'da')
  }

  setVringNotifyId(entry: VdevEntry, index: number, notifyid: number): void {
    this.#setU32(this.#vring(entry, index) + fw_rsc_vdev_vring.notifyid, notifyid, 'notifyid')
  }

  setVdevNotifyId(entry: VdevEntry, notifyid: number): void {
    this.#setU32(entry.offset + fw_rsc_vdev.notifyid, notifyid, 'notifyid')
  }

  /** The features that the host has accepted, bits 0 to 31. */
  setGfeatures(entry: VdevEntry, gfeatures: number): void {
    this.#setU32(entry.offset + fw_rsc_vdev.gfeatures, gfeatures, 'gfeatures')
  }

  /** The virtio device status, one byte. */
  setStatus(entry: VdevEntry, status: number): void {
    if (!Number.isInteger(status) || status < 0 || status > 0xff) refuse('status', status)
    this.#view.setUint8(entry.offset + fw_rsc_vdev.status, status)
    this.#decoded = undefined
  }

  #vring(entry: VdevEntry, index: number): number {
    const vring = entry.vrings[index]
    if (vring === undefined) {
      throw new OpenampError(
        'ERR_USAGE',
        `vdev ${entry.vdev} has ${entry.vrings.length} vrings, there is no vring ${index}`,
      )
    }
    return vring.offset
  }

  #setU32(offset: number, value: number, field: string): void {
    if (!isU32(value)) refuse(field, value)
    this.#view.setUint32(offset, value, true)
    this.#decoded = undefined
  }
}

/** True where `da` or `pa` leaves the address open. */
export function isAnyAddress(address: number): boolean {
  return address === FW_RSC_ADDR_ANY
}

/** True where the table leaves the notify id open. */
export function isAnyNotifyId(notifyid: number): boolean {
  return notifyid === RSC_NOTIFY_ID_ANY
}

/** True for what fits a field of the table. */
export function isU32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff
}

function refuse(field: string, value: number): never {
  throw new OpenampError('ERR_USAGE', `${field} ${value} does not fit its field of the table`)
}
