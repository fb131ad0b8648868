import type { MappedRegion } from '../../memory.js'
import type { Hart } from '../hart.js'
import { Op } from '../operation.js'
import { READ, WRITE } from '../pmp.js'
import { Cause } from '../trap.js'
import { highOf, lowOf, toBig } from './arithmetic.js'
import { type Execute, retire } from './execute.js'

/**
 * The A extension of RV64, on words and double words. Values are bigints here, signed, and memory is
 * seen as such: `BigInt64Array` has the atomic operations of double words.
 */

type Combine = (old: bigint, operand: bigint) => bigint

interface Place {
  readonly address: number
  readonly region: MappedRegion | undefined
}

/** Where an atomic access goes, or undefined once the hart has taken an exception. */
function place(hart: Hart, rs1: number, size: 4 | 8, permissions: number): Place | undefined {
  const load = permissions === READ
  const address = hart.x[rs1] ?? 0
  const high = hart.xHigh[rs1] ?? 0
  if (address & (size - 1)) {
    const cause = load ? Cause.LOAD_ADDRESS_MISALIGNED : Cause.STORE_AMO_ADDRESS_MISALIGNED
    hart.exception(cause, address, high)
    return undefined
  }
  if (high !== 0 || !hart.mayAccess(address, size, permissions)) {
    fault(hart, load, address, high)
    return undefined
  }
  return { address, region: hart.memory.find(address) }
}

function fault(hart: Hart, load: boolean, address: number, high = 0): void {
  const cause = load ? Cause.LOAD_ACCESS_FAULT : Cause.STORE_AMO_ACCESS_FAULT
  hart.exception(cause, address, high)
}

function words(region: MappedRegion, address: number): readonly [Int32Array, number] {
  return [region.words, ((address - region.base) >>> 0) >>> 2]
}

function doubles(region: MappedRegion, address: number): readonly [BigInt64Array, number] {
  const { buffer, byteOffset } = region.bytes
  return [new BigInt64Array(buffer, byteOffset + ((address - region.base) >>> 0), 1), 0]
}

/** Reads from the bus; undefined where nothing answers. */
function loadFromBus(hart: Hart, address: number, size: 4 | 8): bigint | undefined {
  const low = hart.memory.load(address, 4)
  if (low < 0) return undefined
  if (size === 4) return toBig(low, low >> 31)
  const high = hart.memory.load((address + 4) | 0, 4)
  return high < 0 ? undefined : toBig(low, high | 0)
}

function storeToBus(hart: Hart, address: number, size: 4 | 8, value: bigint): boolean {
  if (!hart.memory.store(address, 4, lowOf(value))) return false
  return size === 4 || hart.memory.store((address + 4) | 0, 4, highOf(value))
}

function give(hart: Hart, rd: number, value: bigint): void {
  hart.x[rd] = lowOf(value)
  hart.xHigh[rd] = highOf(value)
  retire(hart)
}

function operandOf(hart: Hart, rs2: number, size: 4 | 8): bigint {
  return BigInt.asIntN(8 * size, toBig(hart.x[rs2] ?? 0, hart.xHigh[rs2] ?? 0))
}

/** Puts `value` in the place of `expected`. @returns what was there */
function exchange(
  region: MappedRegion,
  address: number,
  size: 4 | 8,
  expected: bigint,
  value: bigint,
): bigint {
  if (size === 8) {
    const [array, index] = doubles(region, address)
    return Atomics.compareExchange(array, index, expected, value)
  }
  const [array, index] = words(region, address)
  return BigInt(Atomics.compareExchange(array, index, lowOf(expected), lowOf(value)))
}

function read(region: MappedRegion, address: number, size: 4 | 8): bigint {
  if (size === 8) {
    const [array, index] = doubles(region, address)
    return Atomics.load(array, index)
  }
  const [array, index] = words(region, address)
  return BigInt(Atomics.load(array, index))
}

function loadReserved(size: 4 | 8): Execute {
  return (hart, rd, rs1) => {
    const at = place(hart, rs1, size, READ)
    if (at === undefined) return
    const { address, region } = at
    const value = region ? read(region, address, size) : loadFromBus(hart, address, size)
    if (value === undefined) {
      fault(hart, true, address)
      return
    }
    hart.reserve(address, lowOf(value), highOf(value))
    give(hart, rd, value)
  }
}

/** As on RV32: without a reservation for the address memory is not looked at. */
function storeConditional(size: 4 | 8): Execute {
  return (hart, rd, rs1, rs2) => {
    const reserved = hart.xHigh[rs1] === 0 && hart.endReservation(hart.x[rs1] ?? 0)
    if (!reserved) {
      give(hart, rd, 1n)
      return
    }
    const at = place(hart, rs1, size, WRITE)
    if (at === undefined) return
    const { address, region } = at
    const expected = BigInt.asIntN(8 * size, toBig(hart.reservedValue | 0, hart.reservedValueHigh))
    const value = operandOf(hart, rs2, size)
    if (region !== undefined) {
      const found = exchange(region, address, size, expected, value)
      give(hart, rd, found === expected ? 0n : 1n)
    } else if (loadFromBus(hart, address, size) !== expected) give(hart, rd, 1n)
    else if (storeToBus(hart, address, size, value)) give(hart, rd, 0n)
    else fault(hart, false, address)
  }
}

function amo(size: 4 | 8, combine: Combine): Execute {
  return (hart, rd, rs1, rs2) => {
    const at = place(hart, rs1, size, READ | WRITE)
    if (at === undefined) return
    const { address, region } = at
    const operand = operandOf(hart, rs2, size)
    if (region === undefined) {
      const old = loadFromBus(hart, address, size)
      if (old !== undefined && storeToBus(hart, address, size, combine(old, operand))) {
        give(hart, rd, old)
      } else fault(hart, false, address)
      return
    }
    for (;;) {
      const old = read(region, address, size)
      const value = BigInt.asIntN(8 * size, combine(old, operand))
      if (exchange(region, address, size, old, value) === old) {
        give(hart, rd, old)
        return
      }
    }
  }
}

const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value)

/** In the order of `Op`. */
const combinations: readonly Combine[] = [
  (_old, operand) => operand,
  (old, operand) => old + operand,
  (old, operand) => old ^ operand,
  (old, operand) => old & operand,
  (old, operand) => old | operand,
  (old, operand) => (old < operand ? old : operand),
  (old, operand) => (old > operand ? old : operand),
  (old, operand) => (unsigned(old) < unsigned(operand) ? old : operand),
  (old, operand) => (unsigned(old) > unsigned(operand) ? old : operand),
]

/** The operations, with what executes them. */
export const atomicCases: readonly (readonly [number, Execute])[] = [
  [Op.LR, loadReserved(4)],
  [Op.LR_D, loadReserved(8)],
  [Op.SC, storeConditional(4)],
  [Op.SC_D, storeConditional(8)],
  ...combinations.flatMap((combine, i) => [
    [Op.AMOSWAP + i, amo(4, combine)] as const,
    [Op.AMOSWAP_D + i, amo(8, combine)] as const,
  ]),
]
