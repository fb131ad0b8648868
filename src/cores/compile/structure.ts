import { Code, type Label } from './code.js'
import { type FlowGraph, flowGraph, isBack } from './graph.js'
import type { Instruction } from './instruction.js'
import { Wasm } from './opcodes.js'
import type { Block, Edge, Region } from './region.js'
import { JUMP_MASK, JUMPS, LONGEST_UNCHECKED } from './state.js'
import { RegionWriter } from './writer.js'

/** What a family of processors knows about its instructions. */
export interface Emitter<I extends Instruction> {
  /** Emits what the instruction does; of a jump, all but the jump. */
  emit(writer: RegionWriter, instruction: I): void
  /** A block begins: nothing is known of what came before it. */
  begin?(): void
  /** Leaves on the stack whether the branch is taken, or the guarded jump made. */
  condition(writer: RegionWriter, instruction: I): void
  /** Leaves on the stack the address that the jump goes to, and has done all else. */
  target(writer: RegionWriter, instruction: I): void
}

/** A region as code of a function, and which entry is which block. */
export interface Written {
  readonly writer: RegionWriter
  readonly code: Code
  /** Blocks that can be entered from outside, in the order of their numbers as entries. */
  readonly entries: readonly { readonly pc: number; readonly need: number }[]
}

/** Writes the code of a region. @param state where in the memory the core's state is */
export function writeRegion<I extends Instruction>(
  region: Region<I>,
  emitter: Emitter<I>,
  state: number,
): Written {
  return new Structure(region, emitter, state).write()
}

/**
 * Turns blocks and jumps into the nested blocks and loops of WebAssembly (Ramsey: "Beyond Relooper:
 * Recursive Translation of Unstructured Control Flow to Structured Control Flow"). Jumps forward and to
 * the heads of loops are direct; a loop around it all, the dispatcher, leads to the entries.
 */
class Structure<I extends Instruction> {
  readonly #region: Region<I>
  readonly #emitter: Emitter<I>
  readonly #graph: FlowGraph
  readonly #state: number
  readonly #writer: RegionWriter
  readonly #code: Code
  /** Blocks that the dispatcher leads to, by their numbers there. */
  readonly #dispatched: readonly number[]
  readonly #needs: readonly number[]
  /** Where open blocks and loops lead to. */
  readonly #forward = new Map<number, Label>()
  readonly #loops = new Map<number, Label>()
  #dispatcher: Label = 0

  constructor(region: Region<I>, emitter: Emitter<I>, state: number) {
    this.#region = region
    this.#emitter = emitter
    this.#state = state
    const successors = region.blocks.map((block) => edgesOf(block).flatMap(inside))
    this.#graph = flowGraph(successors, region.entries)
    // Those that have been asked for come first, and have numbers outside, too.
    this.#dispatched = [...this.#graph.dispatched]
    this.#needs = this.#measure(successors)
    this.#code = new Code(1)
    this.#writer = new RegionWriter(this.#code, state)
  }

  write(): Written {
    const code = this.#code
    this.#dispatcher = code.loop()
    this.#place([...this.#graph.roots].reverse(), () => {
      code.get(this.#writer.next)
      code.brTable(this.#dispatched.map((block) => this.#forward.get(block) ?? 0))
    })
    code.end()
    this.#writer.finish()
    const whole = new Code()
    this.#writer.prologue(whole)
    whole.append(code.bytes)
    const entries = [...this.#region.entries].map((block) => ({
      pc: this.#region.blocks[block]?.pc ?? 0,
      need: this.#needs[block] ?? 0,
    }))
    return { writer: this.#writer, code: whole, entries }
  }

  /**
   * How many instructions must be left at the blocks where that is looked at, 0 at the others: as many
   * as may be executed before it is looked at again.
   */
  #measure(successors: readonly (readonly number[])[]): number[] {
    const { order, place, loops, dispatched } = this.#graph
    const ahead = new Array<number>(successors.length).fill(0)
    const checked = new Set([...loops, ...dispatched])
    for (const block of [...order].reverse()) {
      const own = this.#region.blocks[block]?.instructions.length ?? 0
      let most = 0
      for (const to of successors[block] ?? []) {
        if (checked.has(to) || isBack(place, block, to)) continue
        const there = ahead[to] ?? 0
        if (own + there > LONGEST_UNCHECKED) checked.add(to)
        else most = Math.max(most, there)
      }
      ahead[block] = own + most
    }
    return ahead.map((count, block) => (checked.has(block) ? count : 0))
  }

  /** Emits `first`, and behind it the blocks that it may jump forward to, the last one outermost. */
  #place(blocks: readonly number[], first: () => void): void {
    const [outermost, ...rest] = blocks
    if (outermost === undefined) {
      first()
      return
    }
    this.#forward.set(outermost, this.#code.block())
    this.#place(rest, first)
    this.#forward.delete(outermost)
    this.#code.end()
    this.#writer.pending = 0
    this.#tree(outermost)
  }

  /** Emits a block and all that it dominates. */
  #tree(number: number): void {
    const block = this.#region.blocks[number]
    if (block === undefined) return
    const looped = this.#graph.loops.has(number)
    if (looped) {
      // Before the loop: in it, it would be done in every round.
      this.#writer.settle()
      this.#loops.set(number, this.#code.loop())
    }
    this.#check(block, this.#needs[number] ?? 0)
    const joins = (this.#graph.dominated[number] ?? []).filter((to) => this.#graph.joins.has(to))
    this.#place(joins.reverse(), () => this.#emit(number, block))
    if (!looped) return
    this.#loops.delete(number)
    this.#code.end()
    this.#code.op(Wasm.UNREACHABLE)
  }

  /** Where fewer instructions are left, the interpreter executes them. */
  #check(block: Block<I>, need: number): void {
    if (need === 0) return
    const writer = this.#writer
    writer.settle()
    this.#code.get(writer.left)
    this.#code.const(need)
    this.#code.op(Wasm.I32_LT_S)
    this.#code.if()
    writer.interpret(block.pc)
    this.#code.end()
  }

  #emit(number: number, { instructions, exit }: Block<I>): void {
    const writer = this.#writer
    const last = instructions.at(-1)
    this.#emitter.begin?.()
    const decides = exit.kind === 'branch' || exit.kind === 'indirect'
    for (const instruction of instructions) {
      if (decides && instruction === last) break
      this.#emitter.emit(writer, instruction)
      writer.pending++
    }
    switch (exit.kind) {
      case 'interpret':
        writer.interpret(exit.pc)
        return
      case 'goto':
        this.#go(number, exit.to)
        return
      case 'branch': {
        if (last === undefined) return
        this.#emitter.condition(writer, last)
        const executed = ++writer.pending
        this.#code.if()
        this.#go(number, exit.taken)
        this.#code.end()
        writer.pending = executed
        this.#go(number, exit.next)
        return
      }
      case 'indirect':
        if (last === undefined) return
        if (exit.next !== undefined) {
          const executed = writer.pending
          this.#emitter.condition(writer, last)
          this.#code.op(Wasm.I32_EQZ)
          this.#code.if()
          writer.pending++
          this.#go(number, exit.next)
          this.#code.end()
          writer.pending = executed
        }
        this.#emitter.target(writer, last)
        this.#code.set(writer.pc)
        writer.pending++
        this.#goComputed(number, exit.likely)
        return
    }
  }

  #go(from: number, to: Edge): void {
    const writer = this.#writer
    const { block } = to
    if (block < 0) {
      writer.leave(to.pc)
      return
    }
    if (!isBack(this.#graph.place, from, block) && !this.#graph.joins.has(block)) {
      this.#tree(block)
      return
    }
    writer.settle()
    const label = isBack(this.#graph.place, from, block)
      ? this.#loops.get(block)
      : this.#forward.get(block)
    if (label !== undefined) {
      this.#code.br(label)
      return
    }
    this.#code.const(this.#dispatched.indexOf(block))
    this.#code.set(writer.next)
    this.#code.br(this.#dispatcher)
  }

  /** To the address in the local `pc`: to where it has been found before, if that is in this region. */
  #goComputed(from: number, likely: Edge | undefined): void {
    const writer = this.#writer
    const code = this.#code
    if (likely !== undefined) {
      const executed = writer.pending
      code.get(writer.pc)
      code.const(likely.pc)
      code.op(Wasm.I32_EQ)
      code.if()
      this.#go(from, likely)
      code.end()
      writer.pending = executed
    }
    writer.settle()
    const slot = writer.scratch(0)
    code.get(writer.pc)
    code.const(2)
    code.op(Wasm.I32_SHL)
    code.const(JUMP_MASK)
    code.op(Wasm.I32_AND)
    code.tee(slot)
    code.access(Wasm.I32_LOAD, 2, this.#state + JUMPS)
    code.get(writer.pc)
    code.op(Wasm.I32_EQ)
    code.if()
    code.get(slot)
    code.access(Wasm.I32_LOAD, 2, this.#state + JUMPS + 4)
    code.global(0)
    code.op(Wasm.I32_SUB)
    code.tee(writer.next)
    code.const(this.#region.entries.size)
    code.op(Wasm.I32_LT_U)
    code.brIf(this.#dispatcher)
    code.end()
    writer.leaveComputed()
  }
}

function edgesOf<I extends Instruction>({ exit }: Block<I>): (Edge | undefined)[] {
  switch (exit.kind) {
    case 'goto':
      return [exit.to]
    case 'branch':
      return [exit.taken, exit.next]
    case 'indirect':
      return [exit.likely, exit.next]
    case 'interpret':
      return []
  }
}

function inside(edge: Edge | undefined): number[] {
  return edge === undefined || edge.block < 0 ? [] : [edge.block]
}
