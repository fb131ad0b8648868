import {
  type MpuRegion,
  narrow,
  Permission,
  permissionBit,
  regionV7,
  type Stretch,
} from '../cortex-m/system/mpu-region.js'
import { Access } from '../cortex-m/system-interface.js'
import type { CortexRCpu } from './cpu.js'

/** Where RSR and RACR of a region are in the word that the M profile has for both. */
const SIZE_BITS = 0xff3f
const ACCESS_SHIFT = 16
const ACCESS_BITS = 0x173f

const EVERYTHING = 0x3f
const EXECUTE = Permission.PRIVILEGED_EXECUTE | Permission.EXECUTE
const PRIVILEGED =
  Permission.PRIVILEGED_READ | Permission.PRIVILEGED_WRITE | Permission.PRIVILEGED_EXECUTE

/** The memory protection unit of ARMv7-R (PMSAv7): the highest region decides, then the background. */
export class Pmsa {
  readonly #cpu: CortexRCpu
  readonly #base: Int32Array
  /** RSR and RACR. */
  readonly #attributes: Int32Array
  #regions: readonly MpuRegion[] = []
  /** RGNR. */
  number = 0
  #enabled = false
  #background = false
  #highVectors = false
  /** The windows into main memory, by privilege. */
  #windows: readonly [Stretch | undefined, Stretch | undefined] = [undefined, undefined]

  constructor(cpu: CortexRCpu) {
    this.#cpu = cpu
    this.#base = new Int32Array(cpu.part.mpuRegions)
    this.#attributes = new Int32Array(cpu.part.mpuRegions)
  }

  reset(): void {
    this.#base.fill(0)
    this.#attributes.fill(0)
    this.number = 0
    this.#enabled = this.#background = this.#highVectors = false
    this.#changed()
  }

  /** SCTLR.M, .BR and .V. */
  configure(enabled: boolean, background: boolean, highVectors: boolean): void {
    this.#enabled = enabled
    this.#background = background
    this.#highVectors = highVectors
    this.#changed()
  }

  get baseAddress(): number {
    return this.#base[this.number] ?? 0
  }

  set baseAddress(value: number) {
    this.#base[this.number] = value & ~0x1f
    this.#changed()
  }

  /** RSR: size, enable, disabled subregions. */
  get size(): number {
    return (this.#attributes[this.number] ?? 0) & SIZE_BITS
  }

  set size(value: number) {
    const access = (this.#attributes[this.number] ?? 0) & ~0xffff
    this.#attributes[this.number] = access | (value & SIZE_BITS)
    this.#changed()
  }

  /** RACR: who may do what. */
  get access(): number {
    return (this.#attributes[this.number] ?? 0) >>> ACCESS_SHIFT
  }

  set access(value: number) {
    const size = (this.#attributes[this.number] ?? 0) & 0xffff
    this.#attributes[this.number] = size | ((value & ACCESS_BITS) << ACCESS_SHIFT)
    this.#changed()
  }

  /** Some region holds the address: what is forbidden there is so by its permissions. */
  covers(address: number): boolean {
    return this.#stretchAt(address >>> 0).region !== undefined
  }

  permits(address: number, size: number, access: Access, privileged: boolean): boolean {
    if (!this.#enabled) return true
    const bit = permissionBit(access, privileged)
    const first = this.#stretchAt(address >>> 0)
    if ((first.permissions & bit) === 0) return false
    const last = (address >>> 0) + size - 1
    if (last <= first.last || last > 0xffff_ffff) return true
    return (this.#stretchAt(last).permissions & bit) !== 0
  }

  fetchWindow(pc: number): void {
    const { first, last, permissions } = this.#stretchAt(pc >>> 0)
    const allowed = permissions & permissionBit(Access.EXECUTE, this.#cpu.privileged)
    this.#cpu.fetchBase = first | 0
    this.#cpu.fetchSize = allowed === 0 ? 0 : last - first + 1
  }

  /** Brings the windows of the core up to date with its privilege. */
  update(): void {
    const cpu = this.#cpu
    cpu.protected = this.#enabled
    if (!this.#enabled) {
      cpu.openMemory()
      return
    }
    const window = this.#windows[cpu.privileged ? 1 : 0]
    cpu.dataBase = window === undefined ? 0 : window.first | 0
    cpu.dataSize = window === undefined ? 0 : window.last - window.first + 1
  }

  #changed(): void {
    const regions: MpuRegion[] = []
    for (let i = this.#base.length - 1; i >= 0; i--) {
      const attributes = this.#attributes[i] ?? 0
      // RACR is laid out as the upper half of the M profile's RASR is.
      const region = regionV7(this.#base[i] ?? 0, attributes)
      if (region !== undefined) regions.push(region)
    }
    this.#regions = regions
    this.#windows = this.#enabled
      ? [this.#longest(false), this.#longest(true)]
      : [undefined, undefined]
    this.update()
    this.#cpu.attention = true
  }

  /** What holds at `address`, and as far around it as it can be told to hold. */
  #stretchAt(address: number): Stretch & { readonly region: MpuRegion | undefined } {
    const stretch: Stretch = {
      first: (address & 0xf000_0000) >>> 0,
      last: (address | 0x0fff_ffff) >>> 0,
      permissions: 0,
    }
    const region = this.#regions.find((each) => narrow(stretch, each, address))
    stretch.permissions = region === undefined ? this.#defaults(address) : region.permissions
    return { ...stretch, region }
  }

  /** The default memory map (B5.1.2), for privileged code where there is a background region. */
  #defaults(address: number): number {
    if (!this.#background) return 0
    const code = address < 0x8000_0000 || (address >= 0xf000_0000 && this.#highVectors)
    return PRIVILEGED & (code ? EVERYTHING : EVERYTHING & ~EXECUTE)
  }

  /** The longest part of main memory that may be read and written. */
  #longest(privileged: boolean): Stretch | undefined {
    const { base, size } = this.#cpu.memory.main
    const bits = permissionBit(Access.READ, privileged) | permissionBit(Access.WRITE, privileged)
    const end = (base >>> 0) + size - 1
    let best: Stretch | undefined
    let open: Stretch | undefined
    for (let at = base >>> 0; at <= end; ) {
      const { last, permissions } = this.#stretchAt(at)
      const until = Math.min(last, end)
      if ((permissions & bits) !== bits) open = undefined
      else if (open === undefined) open = { first: at, last: until, permissions: bits }
      else open.last = until
      if (
        open !== undefined &&
        (best === undefined || open.last - open.first > best.last - best.first)
      ) {
        best = open
      }
      at = until + 1
    }
    return best
  }
}
