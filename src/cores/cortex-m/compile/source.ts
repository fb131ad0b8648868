import type { CodeSource, Flow, Instruction } from '../../compile/instruction.js'
import { GUARD_MASK, GUARDED, itstateOf, lengthOf } from '../instruction.js'
import { Op } from '../operation.js'
import type { PredecodedPages } from '../predecode.js'
import { isFloat } from './float.js'

/** The two words of a predecoded instruction. */
export interface Predecoded {
  readonly packed: number
  readonly imm: number
}

export interface ThumbInstruction extends Instruction, Predecoded {}

const LR = 14
const SP = 13
const undecoded: Predecoded = { packed: Op.UNDECODED, imm: 0 }
const INTERPRET: Flow = { kind: 'interpret' }

/** Predecoded code, as the compiler reads it. */
export class ThumbSource implements CodeSource<ThumbInstruction> {
  readonly pages: PredecodedPages
  readonly #ahead: boolean
  readonly #original: (entry: number) => Predecoded | undefined

  /**
   * @param ahead whether what has not been reached is decoded
   * @param original the instruction in whose place an entry to compiled code stands
   */
  constructor(
    pages: PredecodedPages,
    ahead: boolean,
    original: (entry: number) => Predecoded | undefined,
  ) {
    this.pages = pages
    this.#ahead = ahead
    this.#original = original
  }

  instruction(pc: number): ThumbInstruction | undefined {
    const { packed, imm } = this.#at(pc)
    if ((packed & 0xff) === Op.UNDECODED) return undefined
    const length = lengthOf(packed)
    return { pc, length, packed, imm, flow: this.#flow(pc, length, packed, imm) }
  }

  /** A block is not begun in the middle of an IT block. */
  mayBegin({ packed }: ThumbInstruction): boolean {
    return itstateOf(packed) === 0
  }

  #at(pc: number): Predecoded {
    const page = this.#ahead ? this.pages.find(pc) : this.pages.existing(pc)
    if (page === undefined) return undecoded
    const at = pc & 0xfff
    if (this.#ahead && page[at] === Op.UNDECODED) this.pages.decode(page, pc)
    const packed = page[at] ?? 0
    const imm = page[at + 1] ?? 0
    if ((packed & 0xff) === Op.COMPILED) return this.#original(imm) ?? undecoded
    return { packed, imm }
  }

  #flow(pc: number, length: number, packed: number, imm: number): Flow | undefined {
    const op = packed & 0xff
    const guarded = (packed & GUARDED) !== 0
    const target = (pc + length + imm) | 0
    if (op === Op.SMLAXY) return undefined
    if (op > Op.STMDB) return isFloat(packed) ? undefined : INTERPRET
    switch (op) {
      case Op.B:
        return guarded ? { kind: 'branch', target } : { kind: 'jump', target, link: false }
      case Op.BL:
        return guarded ? INTERPRET : { kind: 'jump', target, link: true }
      case Op.BLX:
        return guarded ? INTERPRET : { kind: 'indirect', link: true, returns: false }
      case Op.BX:
        return { kind: 'indirect', link: false, returns: ((packed >>> 17) & 15) === LR, guarded }
      case Op.POP_PC:
        return { kind: 'indirect', link: false, returns: true, guarded }
      case Op.TBB:
      case Op.TBH:
        return guarded ? INTERPRET : { kind: 'indirect', link: false, returns: false }
      case Op.IT:
        // What comes after it must have been decoded as in its block.
        return ((this.#at((pc + length) | 0).packed ^ imm) & GUARD_MASK) === 0
          ? undefined
          : INTERPRET
      case Op.LDMIA:
      case Op.LDMDB:
      case Op.STMIA:
      case Op.STMDB:
        return (imm & 0x1_0000) !== 0 && ((packed >>> 13) & 15) === SP ? INTERPRET : undefined
      default:
        if (op < Op.BEQ || op > Op.CBNZ) return undefined
        return guarded ? INTERPRET : { kind: 'branch', target }
    }
  }
}
