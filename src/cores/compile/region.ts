import type { CodeSource, Instruction } from './instruction.js'

/** Bounds of a region, and of a function that is put in the place of its call. */
const MOST_BLOCKS = 256
const FULL = 200
const MOST_INSTRUCTIONS = 3000
const LONGEST_BLOCK = 64
const MOST_INLINED = 48
const MOST_INLINED_BLOCKS = 12
const DEEPEST_INLINING = 3

/** Where control goes: to a block of the region, or (`block` is -1) out of it, to `pc`. */
export interface Edge {
  readonly block: number
  readonly pc: number
}

export type Exit =
  | { readonly kind: 'goto'; readonly to: Edge }
  /** on the condition of the last instruction */
  | { readonly kind: 'branch'; readonly taken: Edge; readonly next: Edge }
  /**
   * to the address that the last instruction computes; `likely` where it is known which that will be;
   * `next` where the condition of the last instruction decides whether it does
   */
  | {
      readonly kind: 'indirect'
      readonly likely: Edge | undefined
      readonly next: Edge | undefined
    }
  /** to the interpreter, for the instruction at `pc` */
  | { readonly kind: 'interpret'; readonly pc: number }

export interface Block<I extends Instruction> {
  readonly pc: number
  /** Those that are executed here: not the one that the interpreter is left to. */
  readonly instructions: readonly I[]
  readonly exit: Exit
}

/** Blocks that are compiled together, those first that were asked for. */
export interface Region<I extends Instruction> {
  readonly blocks: readonly Block<I>[]
  /** Blocks that may be entered from outside. */
  readonly entries: ReadonlySet<number>
}

/** The pages of 4096 bytes that the instructions of a region lie in. */
export function pagesOf({ blocks }: Region<Instruction>): number[] {
  const pages = new Set<number>()
  for (const { instructions } of blocks) {
    for (const { pc, length } of instructions) {
      pages.add(pc & ~0xfff)
      pages.add((pc + length - 1) & ~0xfff)
    }
  }
  return [...pages]
}

/**
 * A copy of code: the one that stands for itself (no `site`), or one of a function that is put in the
 * place of a call, from which it returns to `site` in the copy `parent`.
 */
interface Copy<I> {
  readonly parent: Copy<I> | undefined
  readonly site: number
  readonly depth: number
  readonly visited: Map<number, I>
  /** Where blocks begin, and their numbers. */
  readonly leaders: Map<number, number>
  /** Copies of functions that are called from here, by where they return to. */
  readonly calls: Map<number, Copy<I>>
}

function copyOf<I>(parent: Copy<I> | undefined, site: number): Copy<I> {
  const depth = parent === undefined ? 0 : parent.depth + 1
  return { parent, site, depth, visited: new Map(), leaders: new Map(), calls: new Map() }
}

/**
 * Finds the region that hot code belongs to.
 * @param roots where it is entered
 * @returns undefined where nothing at the first of them can be compiled
 */
export function findRegion<I extends Instruction>(
  source: CodeSource<I>,
  roots: readonly number[],
): Region<I> | undefined {
  return new Finder(source).find(roots)
}

/** True for a region that would not become much larger. */
export function isFull({ blocks }: Region<Instruction>): boolean {
  return blocks.length >= FULL
}

class Finder<I extends Instruction> {
  readonly #source: CodeSource<I>
  readonly #root = copyOf<I>(undefined, 0)
  readonly #order: { readonly copy: Copy<I>; readonly pc: number }[] = []
  readonly #entries = new Set<number>()
  readonly #inlined = new Map<number, boolean>()
  #instructions = 0

  constructor(source: CodeSource<I>) {
    this.#source = source
  }

  find(roots: readonly number[]): Region<I> | undefined {
    for (const root of roots) this.#lead(this.#root, root, true)
    // Grows while it is gone through: nearest first.
    for (let i = 0; i < this.#order.length; i++) {
      const next = this.#order[i]
      if (next !== undefined) this.#walk(next.copy, next.pc)
    }
    const blocks = this.#order.map(({ copy, pc }) => this.#block(copy, pc))
    const first = blocks[0]
    if (first === undefined || first.instructions.length === 0) return undefined
    return { blocks, entries: this.#entries }
  }

  /** Makes `pc` the beginning of a block. */
  #lead(copy: Copy<I>, pc: number, entry = false): void {
    let number = copy.leaders.get(pc)
    if (number === undefined) {
      if (this.#order.length >= MOST_BLOCKS || this.#instructions >= MOST_INSTRUCTIONS) return
      const instruction = this.#source.instruction(pc)
      if (instruction === undefined || instruction.flow?.kind === 'interpret') return
      if (this.#source.mayBegin?.(instruction) === false) return
      number = this.#order.push({ copy, pc }) - 1
      copy.leaders.set(pc, number)
    }
    if (entry && copy === this.#root) this.#entries.add(number)
  }

  #walk(copy: Copy<I>, begin: number): void {
    let pc = begin
    let length = 0
    while (!copy.visited.has(pc) && this.#instructions < MOST_INSTRUCTIONS) {
      const instruction = this.#source.instruction(pc)
      if (instruction === undefined) return
      const next = (pc + instruction.length) | 0
      const { flow } = instruction
      if (flow?.kind === 'interpret') {
        // The interpreter goes on behind it, and may come back there.
        this.#lead(copy, next, true)
        return
      }
      copy.visited.set(pc, instruction)
      this.#instructions++
      if (flow !== undefined) {
        this.#follow(copy, instruction, next)
        return
      }
      pc = next
      // A block is executed whole or not at all: as many instructions must be left.
      if (++length === LONGEST_BLOCK) break
    }
    if (pc !== begin) this.#lead(copy, pc)
  }

  #follow(copy: Copy<I>, { pc, flow }: I, next: number): void {
    switch (flow?.kind) {
      case 'jump':
        if (!flow.link) {
          this.#lead(copy, flow.target, flow.target <= pc)
          return
        }
        if (this.#isInlined(copy, flow.target)) {
          const callee = copyOf(copy, next)
          copy.calls.set(next, callee)
          this.#lead(callee, flow.target)
          this.#lead(copy, next)
        } else {
          this.#lead(this.#root, flow.target, true)
          this.#lead(copy, next, true)
        }
        return
      case 'branch':
        // What is jumped back to is the head of a loop.
        this.#lead(copy, flow.target, flow.target <= pc)
        this.#lead(copy, next)
        return
      case 'indirect':
        if (flow.link || flow.guarded) this.#lead(copy, next, flow.link)
        return
      default:
        return
    }
  }

  #isInlined(copy: Copy<I>, target: number): boolean {
    if (copy.depth >= DEEPEST_INLINING) return false
    let inlined = this.#inlined.get(target)
    if (inlined === undefined) {
      // A function that calls itself finds this on its way.
      this.#inlined.set(target, false)
      inlined = this.#isSmall(target)
      this.#inlined.set(target, inlined)
    }
    return inlined
  }

  /** True for a function of a few instructions, all of which can be compiled, that returns. */
  #isSmall(target: number): boolean {
    const visited = new Set<number>()
    const queue = [target]
    let returns = false
    for (let i = 0; i < queue.length; i++) {
      if (queue.length > 2 * MOST_INLINED_BLOCKS) return false
      let pc = queue[i]
      while (pc !== undefined && !visited.has(pc)) {
        const instruction: I | undefined = this.#source.instruction(pc)
        if (instruction === undefined) break
        visited.add(pc)
        if (visited.size > MOST_INLINED) return false
        const next: number = (pc + instruction.length) | 0
        const { flow } = instruction
        pc = next
        if (flow === undefined) continue
        if (flow.kind === 'interpret') return false
        if (flow.kind === 'indirect') {
          if (!flow.returns) return false
          returns = true
          if (!flow.guarded) pc = undefined
        } else if (flow.kind === 'branch') {
          queue.push(flow.target)
        } else if (!flow.link) {
          pc = flow.target
        } else if (!this.#isInlined(this.#root, flow.target)) {
          return false
        }
      }
    }
    return returns
  }

  #block(copy: Copy<I>, begin: number): Block<I> {
    const instructions: I[] = []
    let pc = begin
    for (;;) {
      const instruction = copy.visited.get(pc)
      if (instruction === undefined) {
        const known = this.#source.instruction(pc)
        const exit: Exit =
          known?.flow?.kind === 'interpret'
            ? { kind: 'interpret', pc }
            : { kind: 'goto', to: { block: -1, pc } }
        return { pc: begin, instructions, exit }
      }
      instructions.push(instruction)
      const next = (pc + instruction.length) | 0
      if (instruction.flow !== undefined) {
        return { pc: begin, instructions, exit: this.#exit(copy, instruction, next) }
      }
      if (copy.leaders.has(next)) {
        return { pc: begin, instructions, exit: { kind: 'goto', to: edge(copy, next) } }
      }
      pc = next
    }
  }

  #exit(copy: Copy<I>, { flow }: I, next: number): Exit {
    switch (flow?.kind) {
      case 'jump': {
        const callee = flow.link ? (copy.calls.get(next) ?? this.#root) : copy
        return { kind: 'goto', to: edge(callee, flow.target) }
      }
      case 'branch':
        return { kind: 'branch', taken: edge(copy, flow.target), next: edge(copy, next) }
      case 'indirect': {
        const { parent } = copy
        const back = flow.returns && parent !== undefined
        return {
          kind: 'indirect',
          likely: back ? edge(parent, copy.site) : undefined,
          next: flow.guarded ? edge(copy, next) : undefined,
        }
      }
      default:
        return { kind: 'goto', to: edge(copy, next) }
    }
  }
}

function edge<I>(copy: Copy<I>, pc: number): Edge {
  return { block: copy.leaders.get(pc) ?? -1, pc }
}
