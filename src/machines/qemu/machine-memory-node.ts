import { closeSync, writeSync } from 'node:fs'
import { hex } from '../../base/errors.js'
import { AddressSpace } from '../../memory/address-space.js'
import { Region } from '../../memory/region.js'
import type { Libc } from '../native/libc-node.js'
import { createSealed, MappedMemory } from '../process/memory-node.js'
import type { QemuDescription } from './description.js'

/** Bytes for memory that is not shared: QEMU loads them before the core starts. */
export interface LoadedFile {
  readonly da: number
  readonly fd: number
}

/**
 * The memory of a machine, as the host sees it. RAM is memory without a name, which QEMU is given as a
 * descriptor: there is no file to remove, and nobody can cut it off.
 */
export class MachineMemory {
  readonly space: AddressSpace
  readonly shared: Region
  /** The descriptor of the RAM. */
  readonly ram: number
  readonly #libc: Libc
  readonly #loaded: readonly Region[]
  readonly #mapped: MappedMemory

  constructor(libc: Libc, { ram, shared, loaded = [] }: QemuDescription) {
    this.#libc = libc
    this.#mapped = new MappedMemory(libc, ram.size)
    const { buffer } = this.#mapped
    const part = (name: string, da: number, end: number): Region =>
      new Region({ name, da, size: end - da, buffer, offset: da - ram.da })
    const sharedEnd = shared.da + shared.size
    const end = ram.da + ram.size - (ram.reserved ?? 0)
    this.shared = part('shared', shared.da, sharedEnd)
    this.#loaded = loaded.map(
      ({ da, size }) => new Region({ name: `memory at ${hex(da)}`, da, size }),
    )
    const regions = [...this.#loaded, this.shared]
    if (ram.da < shared.da) regions.push(part('ram', ram.da, shared.da))
    if (sharedEnd < end) regions.push(part('rest', sharedEnd, end))
    this.space = new AddressSpace(regions)
    this.ram = createSealed(libc, ram.size)
    this.#mapped.attach(this.ram)
  }

  /** What is in the other memories now, up to the last byte that is not 0. To be closed. */
  files(): LoadedFile[] {
    return this.#loaded.flatMap(({ da, bytes }) => {
      const size = bytes.findLastIndex((byte) => byte !== 0) + 1
      if (size === 0) return []
      const fd = createSealed(this.#libc, size)
      for (let at = 0; at < size; ) at += writeSync(fd, bytes, at, size - at, at)
      return [{ da, fd }]
    })
  }

  close(): void {
    // The regions stay readable for whoever still holds them.
    this.#mapped.detach()
    closeSync(this.ram)
  }
}
