import { hex, OpenampError } from '../../base/errors.js'
import type { Finding } from '../finding.js'
import { textUpToNul } from '../text.js'
import {
  fw_rsc_carveout,
  fw_rsc_trace,
  fw_rsc_vdev,
  fw_rsc_vdev_vring,
  fw_rsc_vendor,
  largestRing,
  RPROC_MAX_NAME_LEN,
  RSC_CARVEOUT,
  RSC_DEVMEM,
  RSC_TABLE_VERSION,
  RSC_TRACE,
  RSC_VDEV,
  RSC_VENDOR_END,
  RSC_VENDOR_START,
  resource_table,
} from './defs.js'
import type { ResourceEntry, VdevEntry, VringEntry } from './entries.js'

/** Far more than any table has; bounds the work that a hostile one can cause. */
const mostEntries = 1024
const mostVrings = 1024

/** The decoded form of a table. */
export interface DecodedTable {
  /** In the order of the offset array. */
  readonly entries: readonly ResourceEntry[]
  readonly findings: readonly Finding[]
  /** Bytes from the start of the table to the end of what is known to belong to it. */
  readonly extent: number
}

/**
 * Decodes a table, checking every count and offset against `bytes` before it is used.
 * @param where begins each message: "echo.elf: section .resource_table"
 * @throws ERR_RESOURCE_TABLE where the table is malformed
 */
export function decodeTable(bytes: Uint8Array, where: string): DecodedTable {
  return new TableReader(bytes, where).read()
}

class TableReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #where: string
  readonly #findings: Finding[] = []
  #vdevs = 0
  #vrings = 0

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#where = where
  }

  read(): DecodedTable {
    const offsets = this.#header()
    const sorted = [...offsets].sort((a, b) => a - b)
    const entries: ResourceEntry[] = []
    offsets.forEach((offset, index) => {
      // What has no length of its own ends where the next entry begins.
      const next = sorted.find((other) => other > offset) ?? this.#bytes.length
      entries.push(this.#entry(index, offset, next))
    })
    this.#refuseOverlap(entries)
    const listEnd = resource_table.offset + 4 * offsets.length
    const extent = entries.reduce((end, entry) => Math.max(end, this.#end(entry)), listEnd)
    return { entries, findings: this.#findings, extent }
  }

  /** Checks the header and returns the offset array. */
  #header(): number[] {
    const { size, ver, num, reserved, offset } = resource_table
    const length = this.#bytes.length
    if (length < size) this.#refuse('header', 0, `${size} bytes`, `${length}`)
    const version = this.#u32(ver)
    if (version !== RSC_TABLE_VERSION) {
      this.#refuse('header, ver', ver, `version ${RSC_TABLE_VERSION}`, hex(version))
    }
    for (const at of [reserved, reserved + 4]) {
      if (this.#u32(at) !== 0) this.#refuse('header, reserved', at, '0', hex(this.#u32(at)))
    }
    const count = this.#u32(num)
    const room = Math.min(mostEntries, Math.floor((length - size) / 4))
    if (count > room) {
      const found = `${count} entries`
      this.#refuse('header, num', num, `at most ${room} in ${hex(length)} bytes`, found)
    }
    return Array.from({ length: count }, (_, index) => {
      const at = offset + 4 * index
      const value = this.#u32(at)
      const first = offset + 4 * count
      if (value < first) {
        this.#refuse(`entry ${index}, offset`, at, `at least ${hex(first)} (header)`, hex(value))
      }
      if (value + 4 > length) {
        const expected = `room for a type in ${hex(length)} bytes of table`
        this.#refuse(`entry ${index}, offset`, at, expected, hex(value))
      }
      return value
    })
  }

  #entry(index: number, offset: number, next: number): ResourceEntry {
    const type = this.#u32(offset)
    if (offset % 4 !== 0) {
      this.#find(
        'warning',
        `entry ${index}`,
        `is at offset ${hex(offset)}, which is no multiple of 4: a remote that cannot load unaligned words faults on it`,
      )
    }
    switch (type) {
      case RSC_CARVEOUT:
        return this.#memory('carveout', index, offset)
      case RSC_DEVMEM:
        return this.#memory('devmem', index, offset)
      case RSC_TRACE:
        return this.#trace(index, offset)
      case RSC_VDEV:
        return this.#vdev(index, offset)
    }
    const base = { index, offset, size: next - offset, type }
    const bytes = this.#bytes.subarray(offset + 4, next)
    if (type >= RSC_VENDOR_START && type <= RSC_VENDOR_END)
      return { kind: 'vendor', ...base, bytes }
    this.#find(
      'warning',
      `entry ${index}`,
      `is of the unknown type ${hex(type)}: hosts pass over it`,
    )
    return { kind: 'unknown', ...base, bytes }
  }

  #memory(kind: 'carveout' | 'devmem', index: number, offset: number): ResourceEntry {
    const layout = fw_rsc_carveout
    this.#extent(`entry ${index} (${kind})`, offset, layout.size)
    this.#checkReserved(`entry ${index} (${kind})`, this.#u32(offset + layout.reserved))
    return {
      kind,
      index,
      offset,
      size: layout.size,
      da: this.#u32(offset + layout.da),
      pa: this.#u32(offset + layout.pa),
      len: this.#u32(offset + layout.len),
      flags: this.#u32(offset + layout.flags),
      name: this.#name(offset + layout.name),
    }
  }

  #trace(index: number, offset: number): ResourceEntry {
    const layout = fw_rsc_trace
    this.#extent(`entry ${index} (trace)`, offset, layout.size)
    this.#checkReserved(`entry ${index} (trace)`, this.#u32(offset + layout.reserved))
    return {
      kind: 'trace',
      index,
      offset,
      size: layout.size,
      da: this.#u32(offset + layout.da),
      len: this.#u32(offset + layout.len),
      name: this.#name(offset + layout.name),
    }
  }

  #vdev(index: number, offset: number): VdevEntry {
    const layout = fw_rsc_vdev
    const what = `entry ${index} (vdev)`
    this.#extent(what, offset, layout.size)
    const count = this.#bytes[offset + layout.num_of_vrings] ?? 0
    const configLen = this.#u32(offset + layout.config_len)
    const configOffset = offset + layout.vring + count * fw_rsc_vdev_vring.size
    const size = configOffset - offset + configLen
    this.#extent(`${what}, ${count} vrings and config_len ${hex(configLen)}`, offset, size)
    this.#vrings += count
    if (this.#vrings > mostVrings) {
      const expected = `at most ${mostVrings} vrings in the table`
      this.#refuse(`${what}, num_of_vrings`, offset + layout.num_of_vrings, expected, 'more')
    }
    this.#checkReserved(what, this.#view.getUint16(offset + layout.reserved, true))
    return {
      kind: 'vdev',
      index,
      offset,
      size,
      vdev: this.#vdevs++,
      id: this.#u32(offset + layout.id),
      notifyid: this.#u32(offset + layout.notifyid),
      dfeatures: this.#u32(offset + layout.dfeatures),
      gfeatures: this.#u32(offset + layout.gfeatures),
      configLen,
      configOffset,
      status: this.#bytes[offset + layout.status] ?? 0,
      vrings: Array.from({ length: count }, (_, i) =>
        this.#vring(`${what}, vring ${i}`, i, offset + layout.vring + i * fw_rsc_vdev_vring.size),
      ),
    }
  }

  #vring(what: string, index: number, offset: number): VringEntry {
    const layout = fw_rsc_vdev_vring
    const num = this.#u32(offset + layout.num)
    if (!isPowerOfTwo(num) || num > largestRing) {
      const expected = `a power of two up to ${largestRing}`
      this.#refuse(`${what}, num`, offset + layout.num, expected, String(num))
    }
    const align = this.#u32(offset + layout.align)
    if (!isPowerOfTwo(align)) {
      this.#refuse(`${what}, align`, offset + layout.align, 'a power of two', hex(align))
    }
    return {
      index,
      offset,
      da: this.#u32(offset + layout.da),
      align,
      num,
      notifyid: this.#u32(offset + layout.notifyid),
      pa: this.#u32(offset + layout.pa),
    }
  }

  #refuseOverlap(entries: readonly ResourceEntry[]): void {
    const sorted = [...entries].sort((a, b) => a.offset - b.offset)
    sorted.forEach((entry, i) => {
      const next = sorted[i + 1]
      if (next === undefined || entry.offset + entry.size <= next.offset) return
      const end = hex(entry.offset + entry.size)
      this.#refuse(
        `entry ${next.index}, offset`,
        resource_table.offset + 4 * next.index,
        `at least ${end}, the end of entry ${entry.index} (${entry.kind})`,
        hex(next.offset),
      )
    })
  }

  /** Where an entry is known to end; a last one without a length of its own may end anywhere. */
  #end(entry: ResourceEntry): number {
    const limit = entry.offset + entry.size
    if (entry.kind === 'unknown') return Math.min(limit, entry.offset + 4)
    if (entry.kind !== 'vendor' || entry.size < fw_rsc_vendor.size) return limit
    // Whether its len counts the header is not said anywhere; the larger reading covers both.
    const end = entry.offset + fw_rsc_vendor.size + this.#u32(entry.offset + fw_rsc_vendor.len)
    return end <= limit ? end : Math.min(limit, entry.offset + fw_rsc_vendor.size)
  }

  // Linux refuses these; a remote that is only ever met by OpenAMP's host works all the same.
  #checkReserved(what: string, value: number): void {
    if (value === 0) return
    this.#find('error', what, `its reserved field holds ${hex(value)}: Linux refuses the table`)
  }

  #find(severity: Finding['severity'], where: string, message: string): void {
    this.#findings.push({ severity, where, message })
  }

  #name(offset: number): string {
    return textUpToNul(this.#bytes.subarray(offset, offset + RPROC_MAX_NAME_LEN))
  }

  #u32(offset: number): number {
    return this.#view.getUint32(offset, true)
  }

  #extent(what: string, offset: number, size: number): void {
    const left = this.#bytes.length - offset
    if (size > left) this.#refuse(what, offset, `${hex(size)} bytes`, `${hex(left)} (truncated)`)
  }

  #refuse(what: string, offset: number, expected: string, found: string): never {
    throw new OpenampError(
      'ERR_RESOURCE_TABLE',
      `${this.#where}: ${what}: expected ${expected} at offset ${hex(offset)}, found ${found}`,
    )
  }
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value))
}
