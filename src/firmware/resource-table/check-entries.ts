import { hex } from '../../base/errors.js'
import type { Finding } from '../finding.js'
import type { Segment } from '../image.js'
import { printable } from '../text.js'
import { VIRTIO_ID_RPMSG } from './defs.js'
import type { CarveoutEntry, DevmemEntry, TraceEntry, VdevEntry, VringEntry } from './entries.js'
import { type AddressRange, holds, type MemoryRange, memoryList, overlaps, span } from './range.js'
import { isAnyAddress, isAnyNotifyId, type ResourceTable } from './table.js'

/** A range that the table has fixed, with the name that messages give it. */
interface Claim extends AddressRange {
  readonly what: string
}

/** RPMsg's buffer size in every host that does not make it an option. */
const bufferSize = 512
/** Linux never sets up more buffers than this, over both rings. */
const linuxBuffers = 512
/** VIRTIO_RPMSG_F_NS. */
const nameService = 1

/** Checks the entries of a table against each other, the segments and the memory. */
export function checkEntries(
  table: ResourceTable,
  loadable: readonly Segment[],
  regions: readonly MemoryRange[] | undefined,
): Finding[] {
  return new EntryChecks(table, loadable, regions).run()
}

class EntryChecks {
  readonly #table: ResourceTable
  readonly #loadable: readonly Segment[]
  readonly #regions: readonly MemoryRange[] | undefined
  readonly #findings: Finding[] = []
  readonly #carveouts: Claim[] = []
  readonly #rings: Claim[] = []

  constructor(
    table: ResourceTable,
    loadable: readonly Segment[],
    regions: readonly MemoryRange[] | undefined,
  ) {
    this.#table = table
    this.#loadable = loadable
    this.#regions = regions
  }

  run(): Finding[] {
    const { entries, vdevs } = this.#table
    for (const entry of entries) {
      if (entry.kind === 'carveout') this.#carveout(entry)
      if (entry.kind === 'devmem') this.#devmem(entry)
      if (entry.kind === 'trace') this.#trace(entry)
    }
    for (const vdev of vdevs) this.#vdev(vdev)
    if (!vdevs.some((vdev) => vdev.id === VIRTIO_ID_RPMSG)) {
      const what = vdevs.length === 0 ? 'no vdev' : 'no vdev with id 7 (RPMsg)'
      this.#find('warning', 'resource table', `it has ${what}, so no channel appears`)
    }
    this.#notifyIds()
    this.#claims()
    return this.#findings
  }

  #carveout(entry: CarveoutEntry): void {
    const where = `entry ${entry.index} (carveout ${printable(entry.name)})`
    if (entry.len === 0) this.#find('warning', where, 'asks for 0 bytes')
    if (isAnyAddress(entry.da)) return
    const claim = { what: where, da: entry.da, size: entry.len }
    this.#carveouts.push(claim)
    this.#inMemory(claim, 'the host cannot provide it')
  }

  #devmem(entry: DevmemEntry): void {
    const where = `entry ${entry.index} (devmem ${printable(entry.name)})`
    const range = `${hex(entry.pa, 8)} + ${hex(entry.len)} bytes`
    const message = `Linux refuses a table with a devmem entry unless the remote is behind an IOMMU; here the option devmem has to allow ${range}`
    this.#find('warning', where, message)
  }

  #trace(entry: TraceEntry): void {
    const where = `entry ${entry.index} (trace ${printable(entry.name)})`
    if (isAnyAddress(entry.da)) {
      this.#find(
        'error',
        where,
        'has no address: hosts give none to trace buffers, nobody follows it',
      )
      return
    }
    if (entry.len === 0) this.#find('warning', where, 'is 0 bytes long: nothing can be logged')
    const claim = { what: where, da: entry.da, size: entry.len }
    this.#inMemory(claim, 'its log cannot be read')
  }

  #vdev(vdev: VdevEntry): void {
    const where = `vdev ${vdev.vdev}`
    const count = vdev.vrings.length
    const isRpmsg = vdev.id === VIRTIO_ID_RPMSG
    if (isRpmsg && count !== 2) {
      this.#find('error', where, `RPMsg needs 2 vrings, it has ${count}`)
    } else if (count > 2) {
      this.#find('warning', where, `has ${count} vrings; Linux takes at most 2`)
    }
    if (isRpmsg && vdev.dfeatures % 2 !== nameService) {
      this.#find(
        'warning',
        where,
        `its dfeatures ${hex(vdev.dfeatures)} lack bit 0 (VIRTIO_RPMSG_F_NS): it announces no channel, and none appears by itself`,
      )
    }
    if (vdev.status !== 0 || vdev.gfeatures !== 0) {
      this.#find(
        'warning',
        where,
        `status ${hex(vdev.status)} and gfeatures ${hex(vdev.gfeatures)} are the host's to write, yet the image sets them: until then a remote may take the host for ready`,
      )
    }
    for (const vring of vdev.vrings) this.#vring(vdev, vring)
    if (isRpmsg) this.#rpmsgSizes(vdev, where)
  }

  #vring(vdev: VdevEntry, vring: VringEntry): void {
    const where = `vring ${vring.index} of vdev ${vdev.vdev}`
    if (vring.align < 4) {
      this.#find(
        'error',
        where,
        `align ${vring.align} puts the used ring's words off multiples of 4`,
      )
    }
    const size = ringSize(vring.num, vring.align)
    const home = this.#table.carveout(`vdev${vdev.vdev}vring${vring.index}`)
    if (home !== undefined && home.len < size) {
      this.#find(
        'error',
        where,
        `needs ${hex(size)} bytes for ${vring.num} entries, its carve-out ${home.name} has ${hex(home.len)}`,
      )
    }
    if (isAnyAddress(vring.da)) return
    if (vring.da % vring.align !== 0) {
      this.#find(
        'error',
        where,
        `its address ${hex(vring.da, 8)} is no multiple of its align ${hex(vring.align)}`,
      )
    }
    const claim = { what: where, da: vring.da, size }
    this.#rings.push(claim)
    if (this.#inMemory(claim, 'the host cannot place it there')) this.#ringHome(claim)
  }

  /** A ring at a fixed address belongs inside one carve-out, where the table has any such. */
  #ringHome(ring: Claim): void {
    if (this.#carveouts.some((carveout) => holds(carveout, ring))) return
    const cut = this.#carveouts.find((carveout) => overlaps(carveout, ring))
    if (cut !== undefined) {
      this.#find('error', ring.what, `${span(ring)} reaches beyond ${cut.what}, ${span(cut)}`)
    } else if (this.#regions === undefined && this.#carveouts.length > 0) {
      this.#find('warning', ring.what, `${span(ring)} lies in no carve-out of the table`)
    }
  }

  #rpmsgSizes(vdev: VdevEntry, where: string): void {
    const sizes = vdev.vrings.map((vring) => vring.num)
    if (new Set(sizes).size > 1) {
      this.#find(
        'warning',
        where,
        `its vrings differ in size (${sizes.join(', ')}); Linux expects them alike`,
      )
    }
    const total = sizes.reduce((sum, num) => sum + num, 0)
    if (total > linuxBuffers) {
      this.#find('note', where, `has ring entries for ${total} buffers; Linux uses ${linuxBuffers}`)
    }
    const buffers = this.#table.carveout(`vdev${vdev.vdev}buffer`)
    const need = total * bufferSize
    if (buffers !== undefined && buffers.len < need) {
      this.#find(
        'warning',
        where,
        `${total} buffers of ${bufferSize} bytes need ${hex(need)} bytes, its carve-out ${buffers.name} has ${hex(buffers.len)}`,
      )
    }
  }

  #notifyIds(): void {
    const rings = new Map<number, string>()
    for (const vdev of this.#table.vdevs) {
      for (const vring of vdev.vrings) {
        if (isAnyNotifyId(vring.notifyid)) continue
        const what = `vring ${vring.index} of vdev ${vdev.vdev}`
        const other = rings.get(vring.notifyid)
        if (other === undefined) rings.set(vring.notifyid, what)
        else {
          this.#find(
            'error',
            what,
            `has the notify id ${vring.notifyid} of ${other}: a host that keeps the table's ids (OpenAMP) refuses it, Linux gives new ones`,
          )
        }
      }
    }
    const devices = new Map<number, string>()
    for (const vdev of this.#table.vdevs) {
      if (isAnyNotifyId(vdev.notifyid)) continue
      const what = `vdev ${vdev.vdev}`
      const other = rings.get(vdev.notifyid) ?? devices.get(vdev.notifyid)
      devices.set(vdev.notifyid, what)
      if (other === undefined) continue
      this.#find(
        'warning',
        what,
        `has the notify id ${vdev.notifyid} of ${other}: OpenAMP's host refuses that, Linux uses no id of a vdev`,
      )
    }
  }

  #claims(): void {
    this.#pairs(this.#carveouts, 'claims memory of')
    this.#pairs(this.#rings, 'lies across')
    for (const ring of this.#rings) {
      for (const segment of this.#loadable) {
        const loaded = { da: segment.paddr, size: segment.filesz }
        if (!overlaps(ring, loaded)) continue
        this.#find(
          'error',
          ring.what,
          `${span(ring)} lies across the loaded bytes of segment ${segment.index}, ${span(loaded)}: the host zeroes them`,
        )
      }
    }
    for (const vdev of this.#table.vdevs) {
      const buffers = this.#table.carveout(`vdev${vdev.vdev}buffer`)
      if (buffers === undefined || isAnyAddress(buffers.da)) continue
      const range = { da: buffers.da, size: buffers.len }
      for (const ring of this.#rings) {
        if (!overlaps(ring, range)) continue
        const message = `${span(ring)} lies in the buffers' carve-out ${buffers.name}, ${span(range)}`
        this.#find('error', ring.what, message)
      }
    }
  }

  #pairs(claims: readonly Claim[], verb: string): void {
    claims.forEach((claim, i) => {
      const other = claims.slice(0, i).find((earlier) => overlaps(earlier, claim))
      if (other === undefined) return
      this.#find('error', claim.what, `${span(claim)} ${verb} ${other.what}, ${span(other)}`)
    })
  }

  /** False, with a finding, where the range ends beyond 32 bits or outside the memory. */
  #inMemory(claim: Claim, consequence: string): boolean {
    if (claim.da + claim.size > 2 ** 32) {
      const message = `${hex(claim.da, 8)} + ${hex(claim.size)} bytes ends beyond 32 bits: ${consequence}`
      this.#find('error', claim.what, message)
      return false
    }
    if (this.#regions === undefined) return true
    if (this.#regions.some((region) => holds(region, claim))) return true
    const message = `${span(claim)} is outside memory (${memoryList(this.#regions)}): ${consequence}`
    this.#find('error', claim.what, message)
    return false
  }

  #find(severity: Finding['severity'], where: string, message: string): void {
    this.#findings.push({ severity, where, message })
  }
}

/** Bytes of a split ring in the legacy layout (virtio 1.2, 2.7.2). */
function ringSize(num: number, align: number): number {
  const descriptorsAndAvail = 16 * num + 2 * (3 + num)
  return Math.ceil(descriptorsAndAvail / align) * align + 2 * 3 + 8 * num
}
