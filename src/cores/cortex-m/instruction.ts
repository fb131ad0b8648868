import { Op } from './operation.js'

/** A decoded instruction: an operation and what it works on, in the form in which it uses it. */
export interface Instruction {
  readonly op: Op
  readonly rd: number
  readonly rn: number
  readonly rm: number
  readonly imm: number
}

export function instruction(op: Op, rd = 0, rn = 0, rm = 0, imm = 0): Instruction {
  return { op, rd, rn, rm, imm }
}

/**
 * A load or store of the registers in `mask` (its lower 16 bits; others are kept), at base rn. How
 * many they are, but for the pc, stands in rd.
 */
export function block(op: Op, rn: number, mask: number): Instruction {
  let count = 0
  for (let rest = mask & 0x7fff; rest !== 0; rest &= rest - 1) count++
  return { op, rd: count, rn, rm: 0, imm: mask }
}

export const UNDEFINED: Instruction = instruction(Op.UNDEFINED)

/**
 * The form in which it is kept, of two words: `imm`, and before it
 *
 *     29 four bytes long | 28..21 ITSTATE | 20..17 rm | 16..13 rn | 12..9 rd | 8 guarded | 7..0 op
 *
 * A guarded instruction executes only if the condition in its ITSTATE (the upper four bits) holds.
 * ITSTATE is 0 outside IT blocks.
 */
export const GUARDED = 1 << 8
export const RD_SHIFT = 9
export const RN_SHIFT = 13
export const RM_SHIFT = 17
export const ITSTATE_SHIFT = 21
export const LONG = 1 << 29
/** What an IT instruction expects to find after it. */
export const GUARD_MASK = (0xff << ITSTATE_SHIFT) | GUARDED

/** Length in bytes. */
export function lengthOf(packed: number): number {
  return 2 + ((packed >>> 28) & 2)
}

export function itstateOf(packed: number): number {
  return (packed >>> ITSTATE_SHIFT) & 0xff
}

/** The guard of an instruction with this ITSTATE. */
export function guard(itstate: number): number {
  return (itstate << ITSTATE_SHIFT) | (itstate < 0xe0 && itstate !== 0 ? GUARDED : 0)
}

/** ITSTATE of the instruction after one with `itstate` (ITAdvance of the manual). */
export function advance(itstate: number): number {
  return (itstate & 7) === 0 ? 0 : (itstate & 0xe0) | ((itstate << 1) & 0x1f)
}

/** In the mask of load and store multiple: the base is changed. */
export const WRITE_BACK = 1 << 16
/** In the `imm` of indexed accesses: the base alone is the address. */
export const POST_INDEXED = 1 << 4

/** Places in the row of loads and stores; the row begins at LDR, LDR_REG and in `imm`s. */
export const Row = {
  LDR: 0,
  LDRB: 1,
  LDRH: 2,
  LDRSB: 3,
  LDRSH: 4,
  STR: 5,
  STRB: 6,
  STRH: 7,
} as const

export type Row = (typeof Row)[keyof typeof Row]
