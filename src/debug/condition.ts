import type { CoreDebug } from '../cores/debug.js'

/**
 * Conditions of breakpoints as debuggers hand them over: agent expressions (GDB manual, appendix F),
 * programs of a stack machine whose values have 64 bits. A breakpoint whose condition does not hold is
 * passed without a word to the debugger.
 */

/** Jumps may lead backwards: a program that goes on for longer than this is none. */
const MOST_STEPS = 10_000
const MOST_VALUES = 256

const Op = {
  add: 0x02,
  sub: 0x03,
  mul: 0x04,
  div_signed: 0x05,
  div_unsigned: 0x06,
  rem_signed: 0x07,
  rem_unsigned: 0x08,
  lsh: 0x09,
  rsh_signed: 0x0a,
  rsh_unsigned: 0x0b,
  log_not: 0x0e,
  bit_and: 0x0f,
  bit_or: 0x10,
  bit_xor: 0x11,
  bit_not: 0x12,
  equal: 0x13,
  less_signed: 0x14,
  less_unsigned: 0x15,
  ext: 0x16,
  ref8: 0x17,
  ref16: 0x18,
  ref32: 0x19,
  ref64: 0x1a,
  if_goto: 0x20,
  goto: 0x21,
  const8: 0x22,
  const16: 0x23,
  const32: 0x24,
  const64: 0x25,
  reg: 0x26,
  end: 0x27,
  dup: 0x28,
  pop: 0x29,
  zero_ext: 0x2a,
  swap: 0x2b,
  pick: 0x32,
  rot: 0x33,
} as const

const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value)
const truth = (value: boolean): bigint => (value ? 1n : 0n)

/** What takes two values, the upper one second; both are signed. */
const binary: Readonly<Record<number, (a: bigint, b: bigint) => bigint>> = {
  [Op.add]: (a, b) => a + b,
  [Op.sub]: (a, b) => a - b,
  [Op.mul]: (a, b) => a * b,
  // A RangeError of BigInt's where the divisor is 0.
  [Op.div_signed]: (a, b) => a / b,
  [Op.div_unsigned]: (a, b) => unsigned(a) / unsigned(b),
  [Op.rem_signed]: (a, b) => a % b,
  [Op.rem_unsigned]: (a, b) => unsigned(a) % unsigned(b),
  [Op.lsh]: (a, b) => a << (b & 63n),
  [Op.rsh_signed]: (a, b) => a >> (b & 63n),
  [Op.rsh_unsigned]: (a, b) => unsigned(a) >> (b & 63n),
  [Op.bit_and]: (a, b) => a & b,
  [Op.bit_or]: (a, b) => a | b,
  [Op.bit_xor]: (a, b) => a ^ b,
  [Op.equal]: (a, b) => truth(a === b),
  [Op.less_signed]: (a, b) => truth(a < b),
  [Op.less_unsigned]: (a, b) => truth(unsigned(a) < unsigned(b)),
}

/**
 * Whether the condition `code` holds where the core stands. One that cannot be evaluated (an operation
 * that there is not, memory where there is none, a division by zero) is left to the debugger: it holds.
 */
export function holds(code: Uint8Array, core: CoreDebug): boolean {
  try {
    return evaluate(code, core) !== 0n
  } catch (error) {
    if (error instanceof RangeError) return true
    throw error
  }
}

/** @throws RangeError where it cannot be evaluated */
function evaluate(code: Uint8Array, core: CoreDebug): bigint {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength)
  const stack: bigint[] = []
  const push = (value: bigint): void => {
    if (stack.length >= MOST_VALUES) throw new RangeError('too many values')
    stack.push(BigInt.asIntN(64, value))
  }
  const pop = (): bigint => {
    const value = stack.pop()
    if (value === undefined) throw new RangeError('no value')
    return value
  }
  for (let at = 0, steps = 0; steps < MOST_STEPS; steps++) {
    // Beyond the end a view throws a RangeError, too.
    const op = view.getUint8(at++)
    const operation = binary[op]
    if (operation !== undefined) {
      const second = pop()
      push(operation(pop(), second))
      continue
    }
    switch (op) {
      case Op.log_not:
        push(truth(pop() === 0n))
        break
      case Op.bit_not:
        push(~pop())
        break
      case Op.ext:
        push(BigInt.asIntN(view.getUint8(at++), pop()))
        break
      case Op.zero_ext:
        push(BigInt.asUintN(view.getUint8(at++), pop()))
        break
      case Op.ref8:
        push(load(core, pop(), 1))
        break
      case Op.ref16:
        push(load(core, pop(), 2))
        break
      case Op.ref32:
        push(load(core, pop(), 4))
        break
      case Op.ref64: {
        const address = pop()
        push(load(core, address, 4) | (load(core, address + 4n, 4) << 32n))
        break
      }
      case Op.if_goto: {
        const target = view.getUint16(at)
        at = pop() === 0n ? at + 2 : target
        break
      }
      case Op.goto:
        at = view.getUint16(at)
        break
      case Op.const8:
        push(BigInt(view.getUint8(at)))
        at += 1
        break
      case Op.const16:
        push(BigInt(view.getUint16(at)))
        at += 2
        break
      case Op.const32:
        push(BigInt(view.getUint32(at)))
        at += 4
        break
      case Op.const64:
        push(view.getBigUint64(at))
        at += 8
        break
      case Op.reg: {
        const value = core.readRegister(view.getUint16(at))
        if (value === undefined) throw new RangeError('no such register')
        push(value)
        at += 2
        break
      }
      case Op.end:
        return pop()
      case Op.dup: {
        const value = pop()
        push(value)
        push(value)
        break
      }
      case Op.pop:
        pop()
        break
      case Op.swap: {
        const [upper, lower] = [pop(), pop()]
        push(upper)
        push(lower)
        break
      }
      case Op.pick: {
        const value = stack.at(-1 - view.getUint8(at++))
        if (value === undefined) throw new RangeError('no value')
        push(value)
        break
      }
      case Op.rot: {
        const [c, b, a] = [pop(), pop(), pop()]
        push(c)
        push(a)
        push(b)
        break
      }
      default:
        throw new RangeError(`operation ${op}`)
    }
  }
  throw new RangeError('no end')
}

/** @throws RangeError where nothing answers */
function load(core: CoreDebug, address: bigint, size: 1 | 2 | 4): bigint {
  const at = Number(BigInt.asUintN(32, address))
  // Byte by byte where it is not aligned, as nobody reads a device.
  if (at % size !== 0) {
    let value = 0n
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | load(core, BigInt(at + i), 1)
    return value
  }
  const value = core.load(at, size)
  if (value < 0) throw new RangeError('nothing answers')
  return BigInt(value)
}
