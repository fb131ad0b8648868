import { describe, expect, it } from 'vitest'
import { Random } from '../../../test/cores/random.js'
import * as f16 from './binary16.js'
import * as f32 from './binary32.js'
import * as f64 from './binary64.js'
import * as convert from './convert.js'
import * as exact from './exact.js'
import { BINARY32, BINARY64, type Format } from './format.js'
import * as integer from './integer.js'
import { armFlags, Flag, FloatUnit, flagsOfArm, Order, Rounding } from './unit.js'

const ROUNDS = 1000
const random = new Random(20_240_301)
const roundings = Object.values(Rounding)

/** Encodings at which arithmetic goes wrong, if it does: both signs of each. */
function edges({ fraction, infinity, sign, quiet, bias }: Format): bigint[] {
  const one = BigInt(bias) << BigInt(fraction)
  const least = 1n << BigInt(fraction)
  const magnitudes = [0n, 1n, least - 1n, least, least + 1n, one - 1n, one, one + 1n]
  magnitudes.push(one + least, one + (least >> 1n), infinity - 1n, infinity)
  magnitudes.push(infinity | 1n, infinity | quiet, infinity | quiet | 5n)
  return magnitudes.flatMap((bits) => [bits, bits | sign])
}

const edges32 = edges(BINARY32)
const edges64 = edges(BINARY64)

/** Mostly numbers of like size, so that sums cancel and products stay in range. */
function operand({ width, fraction, bias, sign }: Format): bigint {
  const choice = random.below(8)
  const all = (BigInt(random.word()) << 32n) | BigInt(random.word())
  const bits = BigInt.asUintN(width, all)
  const list = width === 32 ? edges32 : edges64
  if (choice === 0) return list[random.below(list.length)] ?? 0n
  if (choice === 1) return bits
  const near = choice < 5 ? 4 : 60
  const biased = BigInt(bias - near + random.below(2 * near))
  const few = random.below(3) === 0 ? BigInt(fraction - 6) : 0n
  const digits = (BigInt.asUintN(fraction, bits) >> few) << few
  return (bits & sign) | (biased << BigInt(fraction)) | digits
}

const number32 = (bits: bigint): number => f32.number32(Number(BigInt.asIntN(32, bits)))
const high = (bits: bigint): number => Number(BigInt.asIntN(32, bits >> 32n))
const low = (bits: bigint): number => Number(BigInt.asIntN(32, bits))
const number64 = (bits: bigint): number => f64.number64(high(bits), low(bits))

interface Operation {
  readonly name: string
  readonly operands: 1 | 2 | 3
  exact(unit: FloatUnit, format: Format, a: bigint, b: bigint, c: bigint): bigint
  fast32(unit: FloatUnit, a: number, b: number, c: number): number
  fast64(unit: FloatUnit, a: bigint, b: bigint, c: bigint): void
  /** In the host's own doubles. */
  host?(a: number, b: number): number
}

const operations: readonly Operation[] = [
  {
    name: 'add',
    operands: 2,
    exact: exact.exactAdd,
    fast32: f32.add32,
    fast64: (unit, a, b) => f64.add64(unit, high(a), low(a), high(b), low(b)),
    host: (a, b) => a + b,
  },
  {
    name: 'sub',
    operands: 2,
    exact: exact.exactSub,
    fast32: f32.sub32,
    fast64: (unit, a, b) => f64.sub64(unit, high(a), low(a), high(b), low(b)),
    host: (a, b) => a - b,
  },
  {
    name: 'mul',
    operands: 2,
    exact: exact.exactMul,
    fast32: f32.mul32,
    fast64: (unit, a, b) => f64.mul64(unit, high(a), low(a), high(b), low(b)),
    host: (a, b) => a * b,
  },
  {
    name: 'div',
    operands: 2,
    exact: exact.exactDiv,
    fast32: f32.div32,
    fast64: (unit, a, b) => f64.div64(unit, high(a), low(a), high(b), low(b)),
    host: (a, b) => a / b,
  },
  {
    name: 'sqrt',
    operands: 1,
    exact: exact.exactSqrt,
    fast32: f32.sqrt32,
    fast64: (unit, a) => f64.sqrt64(unit, high(a), low(a)),
    host: (a) => Math.sqrt(a),
  },
  {
    name: 'mulAdd',
    operands: 3,
    exact: exact.exactMulAdd,
    fast32: f32.mulAdd32,
    fast64: (unit, a, b, c) =>
      f64.mulAdd64(unit, high(a), low(a), high(b), low(b), high(c), low(c)),
  },
]

function result64(unit: FloatUnit, { fast64 }: Operation, a: bigint, b: bigint, c: bigint): bigint {
  fast64(unit, a, b, c)
  return f64.big64(unit.high, unit.low)
}

function result32({ fast32 }: Operation, unit: FloatUnit, a: bigint, b: bigint, c: bigint): bigint {
  return BigInt(fast32(unit, low(a), low(b), low(c)) >>> 0)
}

const units: readonly (readonly [string, () => FloatUnit])[] = [
  ['RISC-V', () => new FloatUnit('riscv')],
  ['Arm', () => new FloatUnit('arm')],
  ['Arm with FZ', () => Object.assign(new FloatUnit('arm'), { flushToZero: true })],
  ['Arm with DN', () => Object.assign(new FloatUnit('arm'), { defaultNan: true })],
]

describe.each(operations)('$name', (operation) => {
  const triples = (format: Format): (readonly [bigint, bigint, bigint])[] => {
    const list = format === BINARY32 ? edges32 : edges64
    return [
      ...list.flatMap((a) => list.map((b) => [a, b, operand(format)] as const)),
      ...Array.from(
        { length: ROUNDS },
        () => [operand(format), operand(format), operand(format)] as const,
      ),
    ]
  }

  it.each(units)(
    'gives the same result and flags the fast way and the exact one, on %s',
    (_name, make) => {
      for (const format of [BINARY32, BINARY64]) {
        for (const [a, b, c] of triples(format)) {
          const fast = make()
          const slow = make()
          const expected = operation.exact(slow, format, a, b, c)
          const found =
            format === BINARY32
              ? result32(operation, fast, a, b, c)
              : result64(fast, operation, a, b, c)
          const show = [a, b, c].map((bits) => bits.toString(16)).join(', ')
          expect([show, found.toString(16), fast.flags]).toEqual([
            show,
            expected.toString(16),
            slow.flags,
          ])
        }
      }
    },
  )

  it('rounds to the neighbour on the side that is asked for', () => {
    for (const format of [BINARY32, BINARY64]) {
      for (const [a, b, c] of triples(format).slice(-ROUNDS / 2)) {
        const results = roundings.map((rounding) => {
          const unit = Object.assign(new FloatUnit('riscv'), { rounding })
          const bits = operation.exact(unit, format, a, b, c)
          return { bits, value: format === BINARY32 ? number32(bits) : number64(bits), unit }
        })
        const [even, zero, down, up, away] = results
        if (even === undefined || Number.isNaN(even.value)) continue
        if ((even.unit.flags & Flag.INEXACT) === 0) {
          for (const { value } of results) expect(value + 0).toBe(even.value + 0)
          continue
        }
        const magnitude = (bits: bigint | undefined): bigint =>
          BigInt.asUintN(format.width - 1, bits ?? 0n)
        const difference = magnitude(up?.bits) - magnitude(down?.bits)
        expect(difference * difference).toBe(1n)
        expect(down?.value).toBeLessThan(up?.value ?? Number.NaN)
        expect(zero?.bits).toBe((even.bits & format.sign) === 0n ? down?.bits : up?.bits)
        expect([down?.bits, up?.bits]).toContain(even.bits)
        expect([down?.bits, up?.bits]).toContain(away?.bits)
      }
    }
  })

  const { host } = operation
  if (host === undefined) return

  it("gives what the host's own arithmetic gives", () => {
    for (const [a, b] of triples(BINARY64)) {
      const found = number64(operation.exact(new FloatUnit('riscv'), BINARY64, a, b, 0n))
      expect([a, b, found]).toEqual([a, b, host(number64(a), number64(b))])
    }
    for (const [a, b] of triples(BINARY32)) {
      const found = number32(operation.exact(new FloatUnit('riscv'), BINARY32, a, b, 0n))
      expect([a, b, found]).toEqual([a, b, Math.fround(host(number32(a), number32(b)))])
    }
  })
})

describe('exception flags', () => {
  const { INEXACT, UNDERFLOW, OVERFLOW, DIVIDE_BY_ZERO, INVALID, INPUT_DENORMAL } = Flag
  const rows: readonly (readonly [
    string,
    'arm' | 'riscv',
    (unit: FloatUnit) => number,
    number,
    number,
  ])[] = [
    ['1 ÷ 0', 'riscv', (u) => f32.div32(u, 0x3f80_0000, 0), 0x7f80_0000, DIVIDE_BY_ZERO],
    ['0 ÷ 0', 'riscv', (u) => f32.div32(u, 0, 0), 0x7fc0_0000, INVALID],
    ['the root of -1', 'arm', (u) => f32.sqrt32(u, 0xbf80_0000), 0x7fc0_0000, INVALID],
    ['the root of -0', 'arm', (u) => f32.sqrt32(u, 0x8000_0000), 0x8000_0000, 0],
    ['∞ - ∞', 'arm', (u) => f32.sub32(u, 0x7f80_0000, 0x7f80_0000), 0x7fc0_0000, INVALID],
    [
      'the greatest, doubled',
      'arm',
      (u) => f32.add32(u, 0x7f7f_ffff, 0x7f7f_ffff),
      0x7f80_0000,
      OVERFLOW | INEXACT,
    ],
    ['1 ÷ 3', 'arm', (u) => f32.div32(u, 0x3f80_0000, 0x4040_0000), 0x3eaa_aaab, INEXACT],
    ['an exact subnormal', 'arm', (u) => f32.mul32(u, 0x0080_0000, 0x3f00_0000), 0x0040_0000, 0],
    [
      'an inexact subnormal',
      'riscv',
      (u) => f32.mul32(u, 0x0080_0001, 0x3f00_0000),
      0x0040_0000,
      UNDERFLOW | INEXACT,
    ],
    [
      'what is rounded to the least normal number',
      'arm',
      (u) => f32.mul32(u, 0x3f7f_ffff, 0x0080_0000),
      0x0080_0000,
      UNDERFLOW | INEXACT,
    ],
    [
      'what is rounded to the least normal number',
      'riscv',
      (u) => f32.mul32(u, 0x3f7f_ffff, 0x0080_0000),
      0x0080_0000,
      UNDERFLOW | INEXACT,
    ],
    [
      'a product of ∞ and 0, plus a quiet NaN',
      'riscv',
      (u) => f32.mulAdd32(u, 0x7f80_0000, 0, 0x7fc0_0001),
      0x7fc0_0000,
      INVALID,
    ],
    [
      'a product of ∞ and 0, plus a quiet NaN',
      'arm',
      (u) => f32.mulAdd32(u, 0x7f80_0000, 0, 0x7fc0_0001),
      0x7fc0_0000,
      INVALID,
    ],
  ]
  it.each(rows)('%s on %s', (_name, architecture, run, expected, flags) => {
    const unit = new FloatUnit(architecture)
    expect([run(unit) >>> 0, unit.flags]).toEqual([expected, flags])
  })

  it('has the tininess of each family at the edge of the normal numbers', () => {
    // 0x1.fffffep-127 × (1 + 2^-23): between the greatest subnormal number and the least normal
    // one, and with an exponent without end it would be rounded to the latter.
    const run = (architecture: 'arm' | 'riscv'): (number | string)[] => {
      const unit = new FloatUnit(architecture)
      const bits = convert.convert64To32(unit, 0x380f_ffff, 0xf800_0000)
      return [bits, unit.flags]
    }
    expect(run('arm')).toEqual([0x0080_0000, UNDERFLOW | INEXACT])
    expect(run('riscv')).toEqual([0x0080_0000, INEXACT])
  })

  it('go into the bits of FPSCR and back', () => {
    const flags = INEXACT | UNDERFLOW | OVERFLOW | DIVIDE_BY_ZERO | INVALID | INPUT_DENORMAL
    expect(armFlags(flags)).toBe(0x9f)
    for (let bit = 1; bit <= INPUT_DENORMAL; bit <<= 1) expect(flagsOfArm(armFlags(bit))).toBe(bit)
  })
})

describe('a NaN', () => {
  const quiet = 0x7fc0_0001
  const other = 0xffc0_0002 | 0
  const signalling = 0x7f80_0003
  const one = 0x3f80_0000

  it('becomes the canonical one on RISC-V', () => {
    const unit = new FloatUnit('riscv')
    expect(f32.add32(unit, other, one)).toBe(0x7fc0_0000)
    expect(unit.flags).toBe(0)
    expect(f32.add32(unit, one, signalling)).toBe(0x7fc0_0000)
    expect(unit.flags).toBe(Flag.INVALID)
  })

  it('is propagated on Arm: the first signalling one, quieted, else the first quiet one', () => {
    const unit = new FloatUnit('arm')
    expect(f32.add32(unit, quiet, other)).toBe(quiet)
    expect(f32.sub32(unit, one, other)).toBe(other)
    expect(unit.flags).toBe(0)
    expect(f32.mul32(unit, quiet, signalling)).toBe(signalling | 0x0040_0000)
    expect(unit.flags).toBe(Flag.INVALID)
    expect(f32.mulAdd32(unit, quiet, one, other)).toBe(other)
    unit.defaultNan = true
    expect(f32.add32(unit, quiet, other)).toBe(0x7fc0_0000)
  })

  it('keeps the upper bits of its payload when it is converted on Arm', () => {
    const unit = new FloatUnit('arm')
    convert.convert32To64(unit, 0xff80_0003)
    expect([unit.high >>> 0, unit.low >>> 0]).toEqual([0xfff8_0000, 0x6000_0000])
    expect(unit.flags).toBe(Flag.INVALID)
    expect(convert.convert32To16(unit, 0x7fff_ffff)).toBe(0x7fff)
    expect(convert.convert16To32(unit, 0x7c01) >>> 0).toBe(0x7fc0_2000)
  })

  it('is unordered, and invalid if it signals or the comparison does', () => {
    const unit = new FloatUnit('riscv')
    expect(f32.compare32(unit, quiet, one, false)).toBe(Order.UNORDERED)
    expect(unit.flags).toBe(0)
    expect(f32.compare32(unit, quiet, one, true)).toBe(Order.UNORDERED)
    expect(unit.flags).toBe(Flag.INVALID)
  })

  it('gives way to a number in min and max, if it is quiet or the machine is RISC-V', () => {
    for (const architecture of ['arm', 'riscv'] as const) {
      const unit = new FloatUnit(architecture)
      expect(f32.min32(unit, quiet, one)).toBe(one)
      expect(f32.max32(unit, one, quiet)).toBe(one)
      expect(unit.flags).toBe(0)
    }
    expect(f32.min32(new FloatUnit('riscv'), signalling, one)).toBe(one)
    expect(f32.min32(new FloatUnit('arm'), signalling, one)).toBe(signalling | 0x0040_0000)
  })
})

describe('comparison', () => {
  it('orders numbers as the host does, and min and max choose so', () => {
    const unit = new FloatUnit('arm')
    for (let i = 0; i < ROUNDS; i++) {
      const [a, b] = [operand(BINARY64), operand(BINARY64)]
      const [x, y] = [number64(a), number64(b)]
      if (Number.isNaN(x) || Number.isNaN(y)) continue
      const expected = x < y ? Order.LESS : x > y ? Order.GREATER : Order.EQUAL
      expect(f64.compare64(unit, high(a), low(a), high(b), low(b), true)).toBe(expected)
      f64.min64(unit, high(a), low(a), high(b), low(b))
      expect(f64.number64(unit.high, unit.low)).toBe(Math.min(x, y))
      f64.max64(unit, high(a), low(a), high(b), low(b))
      expect(f64.number64(unit.high, unit.low)).toBe(Math.max(x, y))
    }
    expect(unit.flags).toBe(0)
  })

  it('takes -0 for 0, but not in min and max', () => {
    const unit = new FloatUnit('riscv')
    expect(f32.compare32(unit, 0, 0x8000_0000, false)).toBe(Order.EQUAL)
    expect(f32.min32(unit, 0, 0x8000_0000) >>> 0).toBe(0x8000_0000)
    expect(f32.max32(unit, 0x8000_0000, 0)).toBe(0)
  })
})

describe('flush to zero', () => {
  const flushing = (): FloatUnit => Object.assign(new FloatUnit('arm'), { flushToZero: true })

  it('takes subnormal operands for zero and says so', () => {
    const unit = flushing()
    expect(f32.add32(unit, 0x8000_0001, 0x3f80_0000)).toBe(0x3f80_0000)
    expect(unit.flags).toBe(Flag.INPUT_DENORMAL)
    expect(f32.max32(unit, 0x8000_0001, 0xbf80_0000) >>> 0).toBe(0x8000_0000)
    expect(integer.toInteger32(unit, 1, integer.INT32, Rounding.UP)).toBe(0)
    expect(integer.roundToIntegral32(unit, 1, Rounding.UP, true)).toBe(0)
    expect(unit.flags).toBe(Flag.INPUT_DENORMAL)
  })

  it('gives zero for tiny results, which underflow and are not inexact', () => {
    const unit = flushing()
    expect(f32.mul32(unit, 0x8080_0000, 0x3f00_0000) >>> 0).toBe(0x8000_0000)
    expect(unit.flags).toBe(Flag.UNDERFLOW)
  })

  it('leaves binary16 alone', () => {
    const unit = flushing()
    expect(convert.convert16To32(unit, 1)).toBe(0x3380_0000)
    expect(convert.convert32To16(unit, 0x3380_0000)).toBe(1)
    expect(f16.add16(unit, 1, 1)).toBe(2)
    expect(unit.flags).toBe(0)
  })
})

describe('conversion', () => {
  it('between binary32 and binary64 is what the host does', () => {
    const unit = new FloatUnit('riscv')
    for (let i = 0; i < ROUNDS; i++) {
      const bits = operand(BINARY64)
      const value = number64(bits)
      if (Number.isNaN(value)) continue
      const single = convert.convert64To32(unit, high(bits), low(bits))
      expect(f32.number32(single)).toBe(Math.fround(value))
      convert.convert32To64(unit, single)
      expect(f64.number64(unit.high, unit.low)).toBe(Math.fround(value))
    }
  })

  it('of every binary16 number to binary32 and back changes nothing', () => {
    const unit = new FloatUnit('arm')
    for (let half = 0; half < 0x1_0000; half++) {
      const single = convert.convert16To32(unit, half)
      const isNan = (half & 0x7fff) > 0x7c00
      expect(convert.convert32To16(unit, single)).toBe(isNan ? half | 0x200 : half)
    }
    unit.flags = 0
    expect(convert.convert16To32(unit, 0x3c01)).toBe(0x3f80_2000)
    expect(convert.convert16To64(unit, 0xfbff) ?? f64.number64(unit.high, unit.low)).toBe(-65504)
    expect(unit.flags).toBe(0)
  })

  it("knows Arm's alternative half precision, in which the last exponent is one more", () => {
    const unit = Object.assign(new FloatUnit('arm'), { alternativeHalf: true })
    expect(f32.number32(convert.convert16To32(unit, 0x7fff))).toBe(131_008)
    expect(convert.convert32To16(unit, 0x7f80_0000)).toBe(0x7fff)
    expect(convert.convert32To16(unit, 0xffc0_0000)).toBe(0x8000)
    expect(unit.flags).toBe(Flag.INVALID)
  })

  const { INT32, UINT32, INT64, UINT64 } = integer
  const halves = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.25, -0.75]
  it.each([
    ['to nearest, ties to even', Rounding.NEAREST_EVEN, [-2, -2, 0, 0, 2, 2, 0, -1]],
    ['toward zero', Rounding.TOWARD_ZERO, [-2, -1, 0, 0, 1, 2, 0, 0]],
    ['down', Rounding.DOWN, [-3, -2, -1, 0, 1, 2, 0, -1]],
    ['up', Rounding.UP, [-2, -1, 0, 1, 2, 3, 1, 0]],
    ['to nearest, ties away from zero', Rounding.NEAREST_AWAY, [-3, -2, -1, 1, 2, 3, 0, -1]],
  ] as const)('to integers rounds %s', (_name, rounding, expected) => {
    const unit = new FloatUnit('arm')
    const found = halves.map((value) =>
      integer.toInteger32(unit, f32.bits32(value), INT32, rounding),
    )
    expect(found).toEqual(expected)
    expect(unit.flags).toBe(Flag.INEXACT)
    const integral = halves.map((value) =>
      f32.number32(integer.roundToIntegral32(unit, f32.bits32(value), rounding, false)),
    )
    expect(integral.map((value) => value + 0)).toEqual(expected)
  })

  it('to integers saturates, and what a NaN becomes is a matter of family', () => {
    const riscv = new FloatUnit('riscv')
    const arm = new FloatUnit('arm')
    const nan = 0x7fc0_0000
    expect(integer.toInteger32(riscv, nan, INT32)).toBe(0x7fff_ffff)
    expect(integer.toInteger32(riscv, nan, UINT32)).toBe(-1)
    expect(integer.toInteger32(arm, nan, INT32)).toBe(0)
    expect(integer.toBigInteger32(riscv, nan, UINT64)).toBe(2n ** 64n - 1n)
    expect(integer.toBigInteger32(riscv, f32.bits32(-1e30), INT64)).toBe(-(2n ** 63n))
    expect(integer.toInteger32(arm, f32.bits32(2 ** 31), INT32)).toBe(0x7fff_ffff)
    expect(integer.toInteger32(arm, f32.bits32(-1), UINT32)).toBe(0)
    expect([riscv.flags, arm.flags]).toEqual([Flag.INVALID, Flag.INVALID])
  })

  it('to and from fixed point scales by the bits behind the point', () => {
    const unit = new FloatUnit('arm')
    const q15 = { size: 16, signed: true, fraction: 15 } as const
    expect(integer.toInteger32(unit, f32.bits32(-0.5), q15, Rounding.TOWARD_ZERO)).toBe(-0x4000)
    expect(integer.toInteger32(unit, f32.bits32(1), q15, Rounding.TOWARD_ZERO)).toBe(0x7fff)
    expect(f32.number32(integer.fromInteger32(unit, -0x4000, q15))).toBe(-0.5)
    integer.fromInteger64(unit, -1, { size: 32, signed: false, fraction: 32 })
    expect(f64.number64(unit.high, unit.low)).toBe(0xffff_ffff / 2 ** 32)
  })

  it('from integers rounds as it is told', () => {
    const unit = new FloatUnit('riscv')
    const wide = 0x0100_0001
    expect(f32.number32(integer.fromInteger32(unit, wide, INT32))).toBe(0x0100_0000)
    expect(f32.number32(integer.fromInteger32(unit, wide, INT32, Rounding.UP))).toBe(0x0100_0002)
    expect(f32.number32(integer.fromInteger32(unit, -1, UINT32))).toBe(2 ** 32)
    expect(f32.number32(integer.fromBigInteger32(unit, -(2n ** 63n)))).toBe(-(2 ** 63))
    integer.fromBigInteger64(unit, 2n ** 53n + 1n, Rounding.UP)
    expect(f64.number64(unit.high, unit.low)).toBe(2 ** 53 + 2)
    expect(unit.flags).toBe(Flag.INEXACT)
  })
})

describe('rounding to integral', () => {
  it('keeps the sign of zero, infinities and what is integral already', () => {
    const unit = new FloatUnit('arm')
    const round = (bits: number): number =>
      integer.roundToIntegral32(unit, bits, Rounding.TOWARD_ZERO, true) >>> 0
    expect(round(0x8000_0000)).toBe(0x8000_0000)
    expect(round(0xff80_0000)).toBe(0xff80_0000)
    expect(round(0x4b80_0001)).toBe(0x4b80_0001)
    expect(unit.flags).toBe(0)
    expect(round(0xbf00_0000)).toBe(0x8000_0000)
    expect(unit.flags).toBe(Flag.INEXACT)
    integer.roundToIntegral64(unit, 0xbfe0_0000, 0, Rounding.DOWN, false)
    expect(f64.number64(unit.high, unit.low)).toBe(-1)
  })
})

describe('binary16', () => {
  it('is what double precision rounded to it would be', () => {
    const unit = new FloatUnit('riscv')
    const value = (half: number): number => {
      convert.convert16To64(unit, half)
      return f64.number64(unit.high, unit.low)
    }
    const half = (number: number): number => {
      f64.give64(unit, number)
      return convert.convert64To16(unit, unit.high, unit.low)
    }
    for (let i = 0; i < ROUNDS; i++) {
      const [a, b, c] = [random.below(0x1_0000), random.below(0x1_0000), random.below(0x1_0000)]
      const [x, y, z] = [value(a), value(b), value(c)]
      if (Number.isNaN(x + y + z) || Number.isNaN(x * y + z)) continue
      expect(value(f16.add16(unit, a, b))).toBe(value(half(x + y)))
      expect(value(f16.sub16(unit, a, b))).toBe(value(half(x - y)))
      expect(value(f16.mul16(unit, a, b))).toBe(value(half(x * y)))
      expect(value(f16.div16(unit, a, b))).toBe(value(half(x / y)))
      if (x >= 0) expect(value(f16.sqrt16(unit, a))).toBe(value(half(Math.sqrt(x))))
      expect(f16.compare16(unit, a, b, false)).toBe(x < y ? -1 : x > y ? 1 : 0)
    }
  })
})
