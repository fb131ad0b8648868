import type { CodeSource, Flow, Instruction } from '../../compile/instruction.js'
import { SINK } from '../decode.js'
import { Op } from '../operation.js'
import type { PredecodedPages } from '../predecode.js'
import { isCompiled } from './emit.js'

/** The two words of a predecoded instruction. */
interface Predecoded {
  readonly packed: number
  readonly imm: number
}

export interface RiscvInstruction extends Instruction, Predecoded {}

const undecoded: Predecoded = { packed: Op.UNDECODED, imm: 0 }

const INTERPRET: Flow = { kind: 'interpret' }

/** The registers that hold return addresses (unprivileged specification, hints for JALR). */
function isLink(register: number): boolean {
  return register === 1 || register === 5
}

/** Predecoded code, as the compiler reads it. */
export class RiscvSource implements CodeSource<RiscvInstruction> {
  readonly #pages: PredecodedPages
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
    this.#pages = pages
    this.#ahead = ahead
    this.#original = original
  }

  instruction(pc: number): RiscvInstruction | undefined {
    const page = this.#ahead ? this.#pages.find(pc) : this.#pages.existing(pc)
    if (page === undefined) return undefined
    const at = pc & 0xfff
    if (this.#ahead && page[at] === Op.UNDECODED) this.#pages.decode(page, pc)
    let packed = page[at] ?? 0
    let imm = page[at + 1] ?? 0
    if ((packed & 0xff) === Op.COMPILED) ({ packed, imm } = this.#original(imm) ?? undecoded)
    if ((packed & 0xff) === Op.UNDECODED) return undefined
    const length = packed >>> 24
    return { pc, length, packed, imm, flow: flowOf(pc, length, packed, imm) }
  }
}

function flowOf(pc: number, length: number, packed: number, imm: number): Flow | undefined {
  const op = packed & 0xff
  const rd = (packed >>> 8) & 63
  const rs1 = (packed >>> 14) & 31
  if (!isCompiled(op)) return INTERPRET
  const target = (pc + length + imm) | 0
  switch (op) {
    case Op.JAL:
      return { kind: 'jump', target, link: isLink(rd) }
    case Op.JALR:
      return { kind: 'indirect', link: isLink(rd), returns: rd === SINK && isLink(rs1) }
    default:
      return op >= Op.BEQ && op <= Op.BGEU ? { kind: 'branch', target } : undefined
  }
}
