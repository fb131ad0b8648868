/** What every entry of a resource table has. */
interface EntryBase {
  /** Its place in the table's offset array, from 0. */
  readonly index: number
  /** Bytes from the start of the table to its type word. */
  readonly offset: number
  /** Bytes that it covers, the type word included. */
  readonly size: number
}

/** A request for memory; `da` and `pa` may be FW_RSC_ADDR_ANY. */
export interface CarveoutEntry extends EntryBase {
  readonly kind: 'carveout'
  readonly da: number
  readonly pa: number
  /** Bytes. */
  readonly len: number
  /** IOMMU protection flags. */
  readonly flags: number
  readonly name: string
}

/** A request to map a device's registers at `da`. */
export interface DevmemEntry extends EntryBase {
  readonly kind: 'devmem'
  readonly da: number
  readonly pa: number
  readonly len: number
  readonly flags: number
  readonly name: string
}

/** A buffer that the remote writes its log into. */
export interface TraceEntry extends EntryBase {
  readonly kind: 'trace'
  readonly da: number
  readonly len: number
  readonly name: string
}

/** One ring of a virtio device. */
export interface VringEntry {
  readonly index: number
  /** Bytes from the start of the table. */
  readonly offset: number
  /** Where the ring is, or FW_RSC_ADDR_ANY. */
  readonly da: number
  /** Alignment of the used ring, bytes: a power of two. */
  readonly align: number
  /** Descriptors: a power of two up to 32768. */
  readonly num: number
  readonly notifyid: number
  /** Linux's `pa`, OpenAMP's `reserved`. */
  readonly pa: number
}

/** A virtio device. */
export interface VdevEntry extends EntryBase {
  readonly kind: 'vdev'
  /** Place among the table's vdevs, from 0: the N of "vdevNbuffer". */
  readonly vdev: number
  /** Virtio device id; 7 is RPMsg. */
  readonly id: number
  readonly notifyid: number
  /** Feature bits 0 to 31 that the remote offers. */
  readonly dfeatures: number
  /** Feature bits that the host has accepted. */
  readonly gfeatures: number
  /** Bytes of config space. */
  readonly configLen: number
  /** Bytes from the start of the table to the config space. */
  readonly configOffset: number
  /** Virtio device status, one byte. */
  readonly status: number
  readonly vrings: readonly VringEntry[]
}

/** An entry of a type between 128 and 512. */
export interface VendorEntry extends EntryBase {
  readonly kind: 'vendor'
  readonly type: number
  /** What follows the type word, up to the next entry or the end of the table. */
  readonly bytes: Uint8Array
}

/** An entry of a type that nobody has defined; hosts pass over it. */
export interface UnknownEntry extends EntryBase {
  readonly kind: 'unknown'
  readonly type: number
  readonly bytes: Uint8Array
}

export type ResourceEntry =
  | CarveoutEntry
  | DevmemEntry
  | TraceEntry
  | VdevEntry
  | VendorEntry
  | UnknownEntry
