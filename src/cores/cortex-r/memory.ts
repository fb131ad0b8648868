import { Row } from '../cortex-m/instruction.js'
import { load, store } from '../cortex-m/memory-access.js'
import { jumpExchanging, raise, retire } from '../cortex-m/steps.js'
import { Access, Fault } from '../cortex-m/system-interface.js'
import type { AccessSize } from '../memory.js'
import {
  BACK,
  BEFORE,
  BYTE,
  LOAD,
  OTHER_MODE,
  REGISTER,
  SMALL_IMMEDIATE,
  UP,
} from './a32-memory.js'
import type { CortexRCpu } from './cpu.js'
import { readA32, shiftedByConstant } from './data.js'
import { returnTo } from './status.js'

const PC = 15

/** An access as an A32 instruction has it: where, and what becomes of the base. */
interface Place {
  readonly address: number
  readonly rn: number
  /** The base's new value; undefined where it stays. */
  readonly changed: number | undefined
  /** It is made as by user mode: LDRT and its kin. */
  readonly unprivileged: boolean
}

function placeOf(cpu: CortexRCpu, word: number, offset: number): Place {
  const rn = (word >>> 16) & 15
  const base = readA32(cpu, rn)
  const moved = (word & UP ? base + offset : base - offset) | 0
  const before = (word & BEFORE) !== 0
  const back = !before || (word & BACK) !== 0
  return {
    address: before ? moved : base,
    rn,
    changed: back ? moved : undefined,
    unprivileged: !before && (word & BACK) !== 0,
  }
}

function changeBase(cpu: CortexRCpu, { rn, changed }: Place): void {
  if (changed !== undefined && rn !== PC) cpu.r[rn] = changed
}

/** A32_TRANSFER: any load or store of a word or a byte; `imm` is the encoding. */
export function transfer(cpu: CortexRCpu): void {
  const word = cpu.imm
  const offset = word & REGISTER ? shiftedByConstant(cpu, word).value : word & 0xfff
  const size = word & BYTE ? 1 : 4
  moveOne(cpu, word, placeOf(cpu, word, offset), size, (word & LOAD) !== 0)
}

function moveOne(
  cpu: CortexRCpu,
  word: number,
  place: Place,
  size: AccessSize,
  loads: boolean,
  signed = false,
): void {
  const rt = (word >>> 12) & 15
  const privileged = cpu.privileged && !place.unprivileged
  if (!loads) {
    if (!store(cpu, place.address, size, readA32(cpu, rt), false, privileged)) return
    changeBase(cpu, place)
    retire(cpu)
    return
  }
  const bits = load(cpu, place.address, size, false, privileged)
  if (bits < 0) return
  changeBase(cpu, place)
  if (rt === PC) {
    jumpExchanging(cpu, bits | 0)
    return
  }
  const unused = 32 - 8 * size
  cpu.r[rt] = signed ? (bits << unused) >> unused : bits
  retire(cpu)
}

const smallRows = [undefined, Row.LDRH, Row.LDRSB, Row.LDRSH] as const

/** A32_TRANSFER_SMALL: halves, signed bytes, pairs. */
export function transferSmall(cpu: CortexRCpu): void {
  const word = cpu.imm
  const immediate = ((word >>> 4) & 0xf0) | (word & 15)
  const offset = word & SMALL_IMMEDIATE ? immediate : (cpu.r[word & 15] ?? 0)
  const which = (word >>> 5) & 3
  const place = placeOf(cpu, word, offset)
  if ((word & LOAD) === 0 && which >= 2) {
    movePair(cpu, word, place, which === 2)
    return
  }
  const row = word & LOAD ? smallRows[which] : Row.STRH
  const size = row === Row.LDRSB ? 1 : 2
  moveOne(cpu, word, place, size, (word & LOAD) !== 0, row !== Row.LDRH)
}

function movePair(cpu: CortexRCpu, word: number, place: Place, loads: boolean): void {
  const rt = (word >>> 12) & 15
  const { address } = place
  const second = (address + 4) | 0
  if (loads) {
    const low = load(cpu, address, 4, true)
    if (low < 0) return
    const high = load(cpu, second, 4, true)
    if (high < 0) return
    changeBase(cpu, place)
    cpu.r[rt] = low
    cpu.r[rt + 1] = high
  } else {
    if (!store(cpu, address, 4, cpu.r[rt] ?? 0, true)) return
    if (!store(cpu, second, 4, cpu.r[rt + 1] ?? 0, true)) return
    changeBase(cpu, place)
  }
  retire(cpu)
}

/** A32_BLOCK: any LDM or STM. Registers change only once every access has succeeded. */
export function transferBlock(cpu: CortexRCpu): void {
  const word = cpu.imm
  const rn = (word >>> 16) & 15
  const numbers: number[] = []
  for (let i = 0; i < 16; i++) if ((word >>> i) & 1) numbers.push(i)
  const up = (word & UP) !== 0
  const before = (word & BEFORE) !== 0
  const base = cpu.r[rn] ?? 0
  const size = 4 * numbers.length
  const changed = (up ? base + size : base - size) | 0
  const lowest = up ? base : changed
  const address = (up === before ? lowest + 4 : lowest) | 0
  const other = (word & OTHER_MODE) !== 0
  if (other && cpu.spsr === undefined) {
    raise(cpu, Fault.UNDEFINED_INSTRUCTION)
    return
  }
  const back = (word & BACK) !== 0
  if ((word & LOAD) === 0) {
    for (const [i, number] of numbers.entries()) {
      const value = other && number !== PC ? cpu.userRegister(number) : readA32(cpu, number)
      if (!store(cpu, (address + 4 * i) | 0, 4, value, true)) return
    }
    if (back) cpu.r[rn] = changed
    retire(cpu)
    return
  }
  const values: number[] = []
  for (let i = 0; i < numbers.length; i++) {
    const value = load(cpu, (address + 4 * i) | 0, 4, true)
    if (value < 0) return
    values.push(value)
  }
  loaded(cpu, numbers, values, other, back && ((word >>> rn) & 1) === 0 ? [rn, changed] : undefined)
}

function loaded(
  cpu: CortexRCpu,
  numbers: readonly number[],
  values: readonly number[],
  other: boolean,
  base: readonly [number, number] | undefined,
): void {
  const toPc = numbers.at(-1) === PC
  const { spsr } = cpu
  if (base !== undefined) cpu.r[base[0]] = base[1]
  numbers.forEach((number, i) => {
    const value = values[i] ?? 0
    if (number === PC) return
    // With the pc the registers are the current mode's, and CPSR comes back.
    if (other && !toPc) cpu.setUserRegister(number, value)
    else cpu.r[number] = value
  })
  const target = (values.at(-1) ?? 0) | 0
  if (!toPc) retire(cpu)
  else if (other && spsr !== undefined) returnTo(cpu, target, spsr)
  else jumpExchanging(cpu, target)
}

/** SWP and SWPB. */
export function swap(cpu: CortexRCpu, rd: number, rn: number, rm: number): void {
  const size = cpu.imm === 1 ? 1 : 4
  const address = cpu.r[rn] ?? 0
  const value = load(cpu, address, size, true)
  if (value < 0 || !store(cpu, address, size, cpu.r[rm] ?? 0, true)) return
  cpu.r[rd] = value
  retire(cpu)
}

/** What `exclusiveSize` is of a pair of words. */
const PAIR = 8

/** LDREXD: rd and the register in `imm`. */
export function loadExclusivePair(cpu: CortexRCpu, rd: number, rn: number): void {
  const address = cpu.r[rn] ?? 0
  if (misaligned(cpu, address, Access.READ)) return
  const low = load(cpu, address, 4, true)
  if (low < 0) return
  const high = load(cpu, (address + 4) | 0, 4, true)
  if (high < 0) return
  cpu.exclusive = address
  cpu.exclusiveValue = low
  cpu.exclusiveSize = PAIR
  cpu.exclusiveUpper = high
  const second = cpu.imm
  cpu.r[rd] = low
  cpu.r[second] = high
  retire(cpu)
}

/** STREXD: succeeds if both words are still what was loaded. rm is the result. */
export function storeExclusivePair(cpu: CortexRCpu, rd: number, rn: number, rm: number): void {
  const address = cpu.r[rn] ?? 0
  const second = cpu.imm
  if (misaligned(cpu, address, Access.WRITE)) return
  const held = cpu.exclusive === address && cpu.exclusiveSize === PAIR
  cpu.exclusive = undefined
  let failed = 1
  if (held) {
    const same =
      cpu.memory.load(address, 4) === cpu.exclusiveValue &&
      cpu.memory.load((address + 4) | 0, 4) === cpu.exclusiveUpper
    if (same) {
      if (!store(cpu, address, 4, cpu.r[rd] ?? 0, true)) return
      if (!store(cpu, (address + 4) | 0, 4, cpu.r[second] ?? 0, true)) return
      failed = 0
    }
  }
  cpu.r[rm] = failed
  retire(cpu)
}

function misaligned(cpu: CortexRCpu, address: number, access: Access): boolean {
  if ((address & 7) === 0) return false
  cpu.accessing = access
  raise(cpu, Fault.UNALIGNED, address)
  return true
}
