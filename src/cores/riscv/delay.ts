import type { Counting } from '../core.js'
import { DelayLoops } from '../delay/delay-loops.js'
import { type Operand, opposite, type Step, type Test } from '../delay/step.js'
import { type RiscvInstruction, RiscvSource } from './compile/source.js'
import type { riscvTiers } from './compile/tiers.js'
import { Csr } from './csr.js'
import { SINK } from './decode.js'
import type { Hart } from './hart.js'
import { interpret } from './interpreter.js'
import { Op } from './operation.js'
import { executeSlow } from './slow-path.js'

const tests: ReadonlyMap<number, Test> = new Map([
  [Op.BEQ, 'eq'],
  [Op.BNE, 'ne'],
  [Op.BLT, 'lt'],
  [Op.BGE, 'ge'],
  [Op.BLTU, 'ltu'],
  [Op.BGEU, 'geu'],
])

/** The loops that wait of an RV32 hart in machine mode. */
export function riscvDelays(
  hart: Hart,
  tiers: ReturnType<typeof riscvTiers> | undefined,
): DelayLoops<RiscvInstruction> {
  const source = new RiscvSource(hart.pages, false, (entry) => tiers?.original(entry))
  return new DelayLoops({
    state: hart,
    registers: hart.x,
    instruction: (pc) => source.instruction(pc),
    steps: stepsOf,
    interpret: () => (tiers === undefined ? interpret(hart) : tiers.interpret()),
    readCounter: () => {
      if (hart.guarded) return false
      executeSlow(hart)
      hart.memory.deviceTouched = false
      return true
    },
    counter: (number) => counterOf(hart, number),
  })
}

function operand(register: number): Operand {
  return register === 0 ? { value: 0 } : { register }
}

function constant(to: number, value: number): Step {
  return { kind: 'sum', to, a: { value: value | 0 }, b: { value: 0 }, minus: false }
}

/** The counters of the clock by the numbers of their CSRs, for which nothing is asked but a read. */
function counterOf(hart: Hart, number: number): Counting | undefined {
  const forever = Number.POSITIVE_INFINITY
  if ((hart.mcountinhibit & 1) !== 0) return undefined
  const low = hart.mcycle.low(hart.cycle)
  switch (number) {
    case Csr.MCYCLE:
    case Csr.CYCLE:
      return { value: low, perCycle: 1, until: forever }
    case Csr.MCYCLEH:
    case Csr.CYCLEH: {
      const value = hart.mcycle.high(hart.cycle)
      return { value, perCycle: 0, until: hart.cycle + 0xffff_ffff - (low >>> 0) }
    }
    default:
      return undefined
  }
}

function stepsOf(
  { pc, length, packed, imm }: RiscvInstruction,
  next: number,
): readonly Step[] | undefined {
  const op = packed & 0xff
  const rd = (packed >>> 8) & 63
  const a = operand((packed >>> 14) & 31)
  const b = operand((packed >>> 19) & 31)
  const test = tests.get(op)
  if (test !== undefined) {
    if (imm === 0) return undefined
    const taken = next !== ((pc + length) | 0)
    return [{ kind: 'stay', test: taken ? test : opposite[test], a, b }]
  }
  switch (op) {
    case Op.JAL:
      return rd === SINK ? [] : [constant(rd, pc + length)]
    case Op.JALR:
      // Where the address is that of the link it is read before.
      return rd === SINK && imm === 0 ? [{ kind: 'jump', to: a }] : undefined
    case Op.CONST:
      return [constant(rd, imm)]
    case Op.SLTU:
      return [{ kind: 'less', to: rd, a, b }]
    case Op.CSRRS: {
      const read = ((packed >>> 14) & 31) === 0
      return read ? [{ kind: 'read', to: rd, counter: imm >>> 20 }] : undefined
    }
    case Op.ADDI:
      return [{ kind: 'sum', to: rd, a, b: { value: imm }, minus: false }]
    case Op.ADD:
    case Op.SUB:
      return [{ kind: 'sum', to: rd, a, b, minus: op === Op.SUB }]
    case Op.LW:
      return [{ kind: 'load', to: rd, base: a, offset: imm }]
    case Op.SW:
      return [{ kind: 'store', from: b, base: a, offset: imm }]
    default:
      return undefined
  }
}
