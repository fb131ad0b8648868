import { DelayLoops } from '../delay/delay-loops.js'
import { opposite, type Step, type Test } from '../delay/step.js'
import type { ArmCpu } from './arm-cpu.js'
import { type Predecoded, type ThumbInstruction, ThumbSource } from './compile/source.js'
import type { thumbTiers } from './compile/tiers.js'
import { GUARDED, itstateOf } from './instruction.js'
import { interpret } from './interpreter.js'
import { Op } from './operation.js'
import { executeSlow } from './slow-path.js'

const LR = 14

/** By the condition, 0 (EQ) to 13 (LE). */
const tests: readonly (Test | 'mi' | 'pl' | undefined)[] = [
  ...(['eq', 'ne', 'geu', 'ltu', 'mi', 'pl', undefined, undefined] as const),
  ...(['gtu', 'leu', 'ge', 'lt', 'gt', 'le'] as const),
]

/** The loops that wait of an Arm core. @param execute executes what the interpreter has stopped at */
export function armDelays(
  cpu: ArmCpu,
  tiers: ReturnType<typeof thumbTiers> | undefined,
  execute: () => void = () => executeSlow(cpu),
): DelayLoops<ThumbInstruction> {
  const original = (entry: number): Predecoded | undefined => tiers?.original(entry)
  // Which instruction set it is may change at any time.
  let source = new ThumbSource(cpu.pages, false, original)
  return new DelayLoops({
    state: cpu,
    registers: cpu.r,
    instruction: (pc) => {
      if (source.pages !== cpu.pages) source = new ThumbSource(cpu.pages, false, original)
      return source.instruction(pc)
    },
    steps: (instruction, next) => stepsOf(instruction, next, cpu.thumb ? 1 : 0),
    interpret: () => (tiers === undefined ? interpret(cpu) : tiers.interpret()),
    readCounter: () => {
      if (cpu.protected || !cpu.privileged) return false
      execute()
      return true
    },
    // They are all registers of its private peripherals.
    counter: () => undefined,
  })
}

function stepsOf(
  { pc, length, packed, imm }: ThumbInstruction,
  next: number,
  state: 0 | 1,
): readonly Step[] | undefined {
  if ((packed & GUARDED) !== 0 || itstateOf(packed) !== 0) return undefined
  const op = packed & 0xff
  const to = (packed >>> 9) & 15
  const a = { register: (packed >>> 13) & 15 }
  const b = { register: (packed >>> 17) & 15 }
  const taken = next !== ((pc + length) | 0)
  if (op >= Op.BEQ && op <= Op.CBNZ) {
    if (imm === 0) return undefined
    if (op <= Op.BLE) return onFlags(op - Op.BEQ, taken)
    const test = (op === Op.CBZ) === taken ? 'eq' : 'ne'
    return [{ kind: 'stay', test, a, b: { value: 0 } }]
  }
  const value = { value: imm }
  const zero = { value: 0 }
  switch (op) {
    case Op.NOP:
    case Op.B:
      return []
    case Op.BL:
      return [{ kind: 'sum', to: LR, a: { value: (pc + length) | state }, b: zero, minus: false }]
    case Op.BX:
      return [{ kind: 'jump', to: b }]
    case Op.MOV_IMM:
      return [{ kind: 'sum', to, a: value, b: zero, minus: false }]
    case Op.MOVS_IMM:
      return withResult({ kind: 'sum', to, a: value, b: zero, minus: false })
    case Op.MOVT:
      return [{ kind: 'upper half', to, value: imm }]
    case Op.MOV:
      return [{ kind: 'sum', to, a: b, b: zero, minus: false }]
    case Op.MOVS:
      return withResult({ kind: 'sum', to, a: b, b: zero, minus: false })
    case Op.ADD_IMM:
      return [{ kind: 'sum', to, a, b: value, minus: false }]
    case Op.ADDS_IMM:
      return withResult({ kind: 'sum', to, a, b: value, minus: false })
    case Op.SUBS_IMM:
      return [
        { kind: 'flags', a, b: value, result: false },
        { kind: 'sum', to, a, b: value, minus: true },
      ]
    case Op.CMP_IMM:
      return [{ kind: 'flags', a, b: value, result: false }]
    case Op.ADD:
    case Op.SUB:
      return [{ kind: 'sum', to, a, b, minus: op === Op.SUB }]
    case Op.ADDS:
      return withResult({ kind: 'sum', to, a, b, minus: false })
    case Op.SUBS:
      return [
        { kind: 'flags', a, b, result: false },
        { kind: 'sum', to, a, b, minus: true },
      ]
    case Op.CMP:
      return [{ kind: 'flags', a, b, result: false }]
    case Op.LDR:
      return [{ kind: 'load', to, base: a, offset: imm }]
    case Op.LDR_LITERAL:
      return [{ kind: 'load', to, base: value, offset: 0 }]
    case Op.STR:
      return [{ kind: 'store', from: { register: to }, base: a, offset: imm }]
    default:
      return undefined
  }
}

function onFlags(condition: number, taken: boolean): readonly Step[] | undefined {
  const test = tests[condition]
  if (test === undefined) return undefined
  if (taken) return [{ kind: 'stay on flags', test }]
  if (test === 'mi') return [{ kind: 'stay on flags', test: 'pl' }]
  if (test === 'pl') return [{ kind: 'stay on flags', test: 'mi' }]
  return [{ kind: 'stay on flags', test: opposite[test] }]
}

/** With the flags of its result: carry and overflow are not of a comparison. */
function withResult(sum: Step & { readonly kind: 'sum' }): readonly Step[] {
  const a = { register: sum.to }
  return [sum, { kind: 'flags', a, b: { value: 0 }, result: true }]
}
