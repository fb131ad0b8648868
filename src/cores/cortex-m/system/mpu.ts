import type { Cpu } from '../cpu.js'
import { Access } from '../system-interface.js'
import type { ExceptionState } from './exception-state.js'
import {
  defaultPermissions,
  inSystemSpace,
  type MpuRegion,
  narrow,
  Permission,
  PRIVATE_END,
  permissionBit,
  regionV7,
  regionV8,
  type Stretch,
  SYSTEM_SPACE,
} from './mpu-region.js'

// Offsets in the system control space (Armv7-M ARM, "Protected Memory System Architecture").
const MPU_TYPE = 0xd90
const MPU_CTRL = 0xd94
const MPU_RNR = 0xd98
/** RBAR, and in the next word RASR of ARMv7-M or RLAR of ARMv8-M; then three aliases of the two. */
const MPU_RBAR = 0xd9c
const MPU_RASR_A3 = 0xdb8
const MPU_MAIR0 = 0xdc0
const MPU_MAIR1 = 0xdc4

/** Bits of MPU_CTRL. */
const ENABLE = 1 << 0
const HFNMIENA = 1 << 1
const PRIVDEFENA = 1 << 2

/** Bits of RBAR of ARMv7-M: the region is named in it. */
const RBAR_VALID = 1 << 4
const RBAR_REGION = 0xf

/** Accesses that are looked up one by one before the window is worth being worked out. */
const PATIENCE = 16

/**
 * The memory protection unit of ARMv6-M, ARMv7-M (regions with subregions) and ARMv8-M.
 *
 * Off, it costs nothing. On, most accesses stay inside the windows that it sets in `Cpu`: the
 * longest stretch of main memory that may be read and written, and the bytes around `pc`. The rest
 * is looked up in the regions, and the stretch of addresses that are alike is remembered.
 */
export class Mpu {
  readonly #cpu: Cpu
  readonly #state: ExceptionState
  readonly #count: number
  readonly #v8: boolean
  readonly #rbar: Int32Array
  readonly #rasr: Int32Array
  #regions: readonly MpuRegion[] = []
  #control = 0
  #number = 0
  #mair0 = 0
  #mair1 = 0
  /** The last stretch that was looked up in each sixteenth of the memory map. */
  readonly #remembered: readonly Stretch[]
  #asked = 0
  /** The windows into main memory, by privilege; undefined where they are not known. */
  #windows: [Stretch | undefined, Stretch | undefined] = [undefined, undefined]

  constructor(cpu: Cpu, state: ExceptionState) {
    this.#cpu = cpu
    this.#state = state
    this.#count = cpu.part.mpuRegions
    this.#v8 = cpu.part.architecture === 'v8-m'
    this.#rbar = new Int32Array(this.#count)
    this.#rasr = new Int32Array(this.#count)
    this.#remembered = Array.from({ length: 16 }, () => ({ first: 1, last: 0, permissions: 0 }))
  }

  reset(): void {
    this.#rbar.fill(0)
    this.#rasr.fill(0)
    this.#control = this.#number = this.#mair0 = this.#mair1 = 0
    this.#changed()
  }

  /**
   * Brings `protected` and the windows of `Cpu` up to date with the privilege and the priority of
   * what is executed: to be called when one of them may have changed.
   */
  update(): void {
    const cpu = this.#cpu
    cpu.protected = this.#appliesAt(this.#state.executionPriority)
    cpu.fetchSize = 0
    if (cpu.protected) this.#openWindow(cpu.privileged)
    else cpu.openMemory()
  }

  /**
   * Whether all of `size` bytes at `address` may be accessed in that way, by what is executed now.
   * @param priority of what the access is made for, where that is somebody else
   */
  permits(
    address: number,
    size: number,
    access: Access,
    privileged: boolean,
    priority: number = this.#state.executionPriority,
  ): boolean {
    if (!this.#appliesAt(priority)) return true
    const first = address >>> 0
    if (this.#cpu.protected && ++this.#asked === PATIENCE) this.#findWindows()
    const bit = permissionBit(access, privileged)
    if ((this.#lookUp(first).permissions & bit) === 0) return false
    const last = first + size - 1
    // At most two stretches: none is shorter than 32 bytes.
    return last > 0xffff_ffff || (this.#lookUp(last).permissions & bit) !== 0
  }

  /** See `System.fetchWindow`. */
  fetchWindow(pc: number): void {
    const { first, last, permissions } = this.#lookUp(pc >>> 0)
    const allowed = (permissions & permissionBit(Access.EXECUTE, this.#cpu.privileged)) !== 0
    this.#cpu.fetchBase = first | 0
    this.#cpu.fetchSize = allowed ? last - first + 1 : 0
  }

  load(offset: number): number {
    if (this.#count === 0) return 0
    switch (offset) {
      case MPU_TYPE:
        return this.#count << 8
      case MPU_CTRL:
        return this.#control
      case MPU_RNR:
        return this.#number
      case MPU_MAIR0:
        return this.#v8 ? this.#mair0 : 0
      case MPU_MAIR1:
        return this.#v8 ? this.#mair1 : 0
      default:
        break
    }
    const number = this.#numberAt(offset)
    if (number === undefined) return 0
    if (isRasr(offset)) return this.#rasr[number] ?? 0
    const rbar = this.#rbar[number] ?? 0
    return this.#v8 ? rbar : rbar | number
  }

  store(offset: number, value: number): void {
    if (this.#count === 0) return
    switch (offset) {
      case MPU_CTRL:
        this.#control = value & (ENABLE | HFNMIENA | PRIVDEFENA)
        break
      case MPU_RNR:
        if ((value & 0xff) < this.#count) this.#number = value & 0xff
        return
      case MPU_MAIR0:
        this.#mair0 = value
        return
      case MPU_MAIR1:
        this.#mair1 = value
        return
      default:
        if (!this.#storeRegion(offset, value)) return
    }
    this.#changed()
  }

  #storeRegion(offset: number, value: number): boolean {
    const number = this.#numberAt(offset)
    if (number === undefined) return false
    if (isRasr(offset)) {
      this.#rasr[number] = this.#v8 ? value & ~0x10 : value & 0x173f_ff3f
      return true
    }
    if (this.#v8) {
      this.#rbar[number] = value
      return true
    }
    let target = number
    if (value & RBAR_VALID) {
      if ((value & RBAR_REGION) >= this.#count) return false
      target = value & RBAR_REGION
      this.#number = target
    }
    this.#rbar[target] = value & ~0x1f
    return true
  }

  /** The region that RBAR, RASR or an alias of them stands for. */
  #numberAt(offset: number): number | undefined {
    if (offset < MPU_RBAR || offset > MPU_RASR_A3) return undefined
    // ARMv8-M's aliases are the neighbours of the region; ARMv7-M's are that region once more.
    const alias = (offset - MPU_RBAR) >>> 3
    if (this.#cpu.part.architecture === 'v6-m' && alias !== 0) return undefined
    const number = this.#v8 && alias !== 0 ? (this.#number & ~3) | alias : this.#number
    return number < this.#count ? number : undefined
  }

  #changed(): void {
    const regions: MpuRegion[] = []
    // The highest number comes first: on ARMv7-M it decides where regions overlap.
    for (let i = this.#count - 1; i >= 0; i--) {
      const decode = this.#v8 ? regionV8 : regionV7
      const region = decode(this.#rbar[i] ?? 0, this.#rasr[i] ?? 0)
      if (region !== undefined) regions.push(region)
    }
    this.#regions = regions
    for (const stretch of this.#remembered) {
      stretch.first = 1
      stretch.last = 0
    }
    this.#asked = 0
    this.#windows = [undefined, undefined]
    this.update()
    this.#cpu.attention = true
  }

  #appliesAt(priority: number): boolean {
    if ((this.#control & ENABLE) === 0) return false
    return priority >= 0 || (this.#control & HFNMIENA) !== 0
  }

  #lookUp(address: number): Stretch {
    const stretch = this.#remembered[address >>> 28]
    if (stretch === undefined) return { first: address, last: address, permissions: 0 }
    if (address < stretch.first || address > stretch.last) this.#measure(address, stretch)
    return stretch
  }

  /** Puts into `stretch` what holds at `address`, and as far around it as it can be told to hold. */
  #measure(address: number, stretch: Stretch): void {
    // Within a sixteenth of the memory map the default map is everywhere the same.
    stretch.first = (address & 0xf000_0000) >>> 0
    stretch.last = (address | 0x0fff_ffff) >>> 0
    if (address >= SYSTEM_SPACE && address < PRIVATE_END) {
      stretch.last = PRIVATE_END - 1
      stretch.permissions = defaultPermissions(address)
      return
    }
    if (address >= PRIVATE_END) stretch.first = Math.max(stretch.first, PRIVATE_END)
    let hit: MpuRegion | undefined
    let hits = 0
    for (const region of this.#regions) {
      if (!narrow(stretch, region, address)) continue
      hit ??= region
      hits++
      if (!this.#v8) break
    }
    if (hit === undefined) {
      const all = defaultPermissions(address)
      stretch.permissions = this.#control & PRIVDEFENA ? all & privilegedOnly : 0
    } else if (hits > 1) {
      stretch.permissions = 0 // ARMv8-M: where two regions overlap nothing is allowed
    } else {
      const { permissions } = hit
      stretch.permissions = address >= SYSTEM_SPACE ? inSystemSpace(permissions) : permissions
    }
  }

  #openWindow(privileged: boolean): void {
    const cpu = this.#cpu
    const window = this.#windows[privileged ? 1 : 0]
    cpu.dataBase = window === undefined ? 0 : window.first | 0
    cpu.dataSize = window === undefined ? 0 : window.last - window.first + 1
  }

  #findWindows(): void {
    const { base, size } = this.#cpu.memory.main
    this.#windows = [this.#longest(base >>> 0, size, false), this.#longest(base >>> 0, size, true)]
    this.#openWindow(this.#cpu.privileged)
  }

  /** The longest part of main memory that may be read and written. */
  #longest(base: number, size: number, privileged: boolean): Stretch | undefined {
    const bits = permissionBit(Access.READ, privileged) | permissionBit(Access.WRITE, privileged)
    const last = base + size - 1
    let best: Stretch | undefined
    let open: Stretch | undefined
    for (let at = base; at <= last; ) {
      const stretch = this.#lookUp(at)
      const end = Math.min(stretch.last, last)
      if ((stretch.permissions & bits) !== bits) open = undefined
      else if (open === undefined) open = { first: at, last: end, permissions: bits }
      else open.last = end
      if (open !== undefined && (best === undefined || length(open) > length(best))) best = open
      at = end + 1
    }
    return best
  }
}

const privilegedOnly =
  Permission.PRIVILEGED_READ | Permission.PRIVILEGED_WRITE | Permission.PRIVILEGED_EXECUTE

function length(stretch: Stretch): number {
  return stretch.last - stretch.first
}

/** Offsets in an alias: RBAR is the first word, RASR the second. */
function isRasr(offset: number): boolean {
  return ((offset - MPU_RBAR) & 4) !== 0
}
