import { hex } from '../base/errors.js'
import type { CoreDebug, Disassembled, InstructionObserver } from '../cores/debug.js'
import { type FirmwareImage, printable, sourcePath } from '../firmware/index.js'

/** Frames beyond this are taken for a stack that was switched, not for calls. */
const DEEPEST = 512
/** Samples that are kept; where there are more, every other one goes. */
const MOST_SAMPLES = 200_000

/** Microseconds: where a profile begins. Chrome takes 0 for no time at all, and shows nothing. */
const START = 1

/** A function on a stack of calls. */
interface Node {
  readonly id: number
  readonly name: string
  readonly file: string
  /** From 1; 0 where it is not known. */
  readonly line: number
  readonly parent: Node | undefined
  readonly children: Map<string, Node>
  hits: number
}

interface Frame {
  /** Where the call returns to; undefined for an exception or interrupt. */
  readonly returnTo: number | undefined
  readonly caller: Node
}

/** Chrome's CPU profile (`Profiler.Profile` of its DevTools protocol); times are microseconds. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: {
      readonly functionName: string
      readonly scriptId: string
      readonly url: string
      readonly lineNumber: number
      readonly columnNumber: number
    }
    readonly hitCount: number
    readonly children: readonly number[]
  }[]
  readonly startTime: number
  readonly endTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/**
 * Samples the stack of calls at regular points of virtual time. The stack is known exactly, for every
 * call and return is seen; so the same run gives the same profile.
 */
export class CpuProfiler implements InstructionObserver {
  readonly #core: CoreDebug
  readonly #image: FirmwareImage
  readonly #cyclesPerSecond: number
  #interval: number
  readonly #nodes: Node[] = []
  readonly #root: Node
  readonly #idle: Node
  #current: Node
  #frames: Frame[] = []
  /** What was found of instructions by their address. */
  readonly #instructions = new Map<number, Disassembled | undefined>()
  readonly #functions = new Map<number, string>()
  #pc = 0
  /** The cycle of the last instruction, and what is to be added for the lives before. */
  #cycle = -1
  #offset = 0
  #due = 0
  #samples: { node: Node; cycle: number }[] = []

  /** @param interval microseconds of virtual time between two samples */
  constructor(core: CoreDebug, image: FirmwareImage, cyclesPerSecond: number, interval = 10) {
    this.#core = core
    this.#image = image
    this.#cyclesPerSecond = cyclesPerSecond
    this.#interval = Math.max(1, Math.round((interval * cyclesPerSecond) / 1e6))
    this.#root = this.#node('(root)', undefined)
    this.#idle = this.#child(this.#root, '(idle)')
    this.#current = this.#root
  }

  instruction(pc: number, cycle: number, trapped: boolean): void {
    if (cycle < this.#cycle) this.#newLife()
    const slept = cycle - this.#cycle > this.#interval
    if (slept && this.#cycle >= 0) this.#sample(this.#idle, this.#cycle + 1)
    this.#follow(pc, trapped)
    const total = this.#offset + cycle
    if (slept || total >= this.#due) {
      this.#sample(this.#current, cycle)
      this.#due = total + this.#interval
    }
    this.#pc = pc
    this.#cycle = cycle
  }

  /** What was seen so far. */
  profile(): CpuProfile {
    const microseconds = (cycle: number): number =>
      Math.round((cycle * 1e6) / this.#cyclesPerSecond)
    const times = this.#samples.map(({ cycle }) => microseconds(cycle))
    return {
      nodes: this.#nodes.map(({ id, name, file, line, children, hits }) => ({
        id,
        callFrame: {
          ...{ functionName: name, scriptId: '0', url: file },
          ...{ lineNumber: line - 1, columnNumber: line === 0 ? -1 : 0 },
        },
        hitCount: hits,
        children: [...children.values()].map((child) => child.id),
      })),
      startTime: START,
      endTime: START + microseconds(this.#offset + this.#cycle + 1),
      samples: this.#samples.map(({ node }) => node.id),
      timeDeltas: times.map((time, i) => time - (times[i - 1] ?? 0)),
    }
  }

  /** The core was reset: its stack is gone, and its clock begins at 0. */
  #newLife(): void {
    this.#offset += this.#cycle + 1
    this.#cycle = -1
    this.#frames = []
    this.#current = this.#root
  }

  /** Takes the stack along to the instruction at `pc`. */
  #follow(pc: number, trapped: boolean): void {
    const name = this.#functionAt(pc)
    const before = this.#cycle < 0 ? undefined : this.#instructionAt(this.#pc)
    const next = this.#pc + (before?.size ?? 0)
    if (trapped) this.#push(undefined, name)
    else if (before?.flow === 'call') this.#push(next, name)
    else if (before?.flow === 'return' && pc !== next) this.#return(pc)
    if (this.#current.name === name) return
    // A jump into another function takes the place of this one.
    const below = this.#current.parent ?? this.#root
    this.#current = this.#child(below, name)
  }

  #push(returnTo: number | undefined, name: string): void {
    if (this.#frames.length >= DEEPEST) {
      this.#frames = []
      this.#current = this.#root
    }
    this.#frames.push({ returnTo, caller: this.#current })
    this.#current = this.#child(this.#current, name)
  }

  #return(pc: number): void {
    for (let i = this.#frames.length - 1; i >= 0; i--) {
      const frame = this.#frames[i]
      if (frame === undefined || (frame.returnTo !== undefined && frame.returnTo !== pc)) continue
      this.#frames.length = i
      this.#current = frame.caller
      return
    }
  }

  #sample(node: Node, cycle: number): void {
    node.hits++
    this.#samples.push({ node, cycle: this.#offset + cycle })
    if (this.#samples.length < MOST_SAMPLES) return
    this.#samples = this.#samples.filter((_, i) => i % 2 === 0)
    this.#interval *= 2
  }

  #child(parent: Node, name: string): Node {
    const known = parent.children.get(name)
    if (known !== undefined) return known
    const child = this.#node(name, parent)
    parent.children.set(name, child)
    return child
  }

  #node(name: string, parent: Node | undefined): Node {
    const symbol = parent === undefined ? undefined : this.#image.symbol(name)
    const source = symbol && this.#image.lines?.find(symbol.address)
    const node: Node = {
      ...{ id: this.#nodes.length + 1, name, parent, children: new Map(), hits: 0 },
      ...{ file: source === undefined ? '' : sourcePath(source), line: source?.line ?? 0 },
    }
    this.#nodes.push(node)
    return node
  }

  #functionAt(pc: number): string {
    let name = this.#functions.get(pc)
    if (name === undefined) {
      const place = this.#image.functionAt(pc)
      name = place === undefined ? `${hex((pc & ~0xfff) >>> 0)}…` : printable(place.name)
      this.#functions.set(pc, name)
    }
    return name
  }

  #instructionAt(pc: number): Disassembled | undefined {
    if (!this.#instructions.has(pc)) this.#instructions.set(pc, this.#core.disassemble(pc))
    return this.#instructions.get(pc)
  }
}
