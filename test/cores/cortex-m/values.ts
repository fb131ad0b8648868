import type { Random } from '../random.js'
import { addresses, type CoreSet } from './harness.js'

/** Operands at which arithmetic goes wrong, if it does. */
const edges = [
  0, 1, 2, 31, 32, 33, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff, 0xffff_8000, 0x7fff,
  0x8000, 0x7f80_807f, 0x5555_5555, 0xfffe, 0x1234_5678, 0xff, 0x100, 0x8000_7fff,
] as const

/**
 * r0 to r12 and LR: an edge value in most, numbers without any plan in others; r8 points into the
 * middle of the scratch memory and r9 to its beginning.
 */
export function registers(random: Random, ram: number): CoreSet {
  const { scratch } = addresses(ram)
  const set = Array.from({ length: 14 }, () =>
    random.below(4) === 0 ? random.word() : random.pick(edges),
  )
  set[8] = scratch + 0x40
  set[9] = scratch
  return set
}

/** N, Z, C, V, Q and GE. */
export function flags(random: Random): number {
  return (random.word() & 0xf80f_0000) >>> 0
}

const singles = [
  0, 0x8000_0000, 0x3f80_0000, 0xbf80_0000, 0x4000_0000, 0x3f00_0000, 0x7f80_0000, 0xff80_0000,
  0x7fc0_0000, 0xffc0_1234, 0x7f80_0001, 0xffa0_0000, 0x0000_0001, 0x8000_0001, 0x007f_ffff,
  0x0080_0000, 0x8080_0000, 0x7f7f_ffff, 0xff7f_ffff, 0x4f00_0000, 0xcf00_0000, 0x4f80_0000,
  0x3fc0_0000, 0x4020_0000, 0x3eff_ffff, 0x4b00_0001, 0x4049_0fdb, 0x3380_0000, 0x477f_f000,
  0x7c00_3c00, 0x03ff_8001, 0xfe01_7bff,
] as const

const doubles = [
  0, 0x8000_0000, 0x3ff0_0000, 0xbff0_0000, 0x4000_0000, 0x3fe0_0000, 0x7ff0_0000, 0xfff0_0000,
  0x7ff8_0000, 0xfff8_1234, 0x7ff4_0000, 0x0010_0000, 0x8000_0001, 0x000f_ffff, 0x7fef_ffff,
  0xffef_ffff, 0x41e0_0000, 0xc1e0_0000, 0x41f0_0000, 0x3ff8_0000, 0x4004_0000, 0x4009_21fb,
  0x36a0_0000, 0x3810_0000, 0x380f_ffff, 0x47ef_ffff, 0x3e60_0000, 0x40ef_fe00, 0x3f10_0000,
] as const

const lows = [0, 1, 0xffff_ffff, 0x8000_0000, 0x2000_0000, 0x3000_0000, 0x5444_2d18] as const

/** s0 to s31: edge values of singles, or as pairs those of doubles. */
export function floats(random: Random, asDoubles: boolean): number[] {
  const set: number[] = []
  while (set.length < 32) {
    if (asDoubles && random.below(4) !== 0) set.push(random.pick(lows), random.pick(doubles))
    else if (random.below(4) !== 0) set.push(random.pick(singles), random.pick(singles))
    else if (random.below(3) === 0) set.push(random.word(), random.word())
    else set.push(near(random), near(random))
  }
  return set
}

/** A single of moderate size, so that sums and products of two are numbers as well. */
function near(random: Random): number {
  return ((random.word() & 0x807f_ffff) | ((0x78 + random.below(16)) << 23)) >>> 0
}

/** FPSCR: all four roundings, FZ, DN and AHP; sometimes with flags already there. */
export function fpscr(random: Random): number {
  const modes = random.below(2) === 0 ? 0 : random.word() & 0x07c0_0000
  return ((random.word() & 0xf000_0000) | modes | (random.below(4) === 0 ? 0x9f : 0)) >>> 0
}
