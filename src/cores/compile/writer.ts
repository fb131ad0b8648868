import { type Code, type Label, Locals } from './code.js'
import { I32, I64, Wasm } from './opcodes.js'
import { INTERPRET, LEFT, LONGEST_UNCHECKED, REGISTERS } from './state.js'

/** Parameters of a compiled region: the entry, and how many instructions may be executed. */
const ENTRY = 0
const BUDGET = 1
export const PARAMETERS = 2
/** The numbers of the functions that are called. */
const HELPER = 0
const DEVICE = 1

/**
 * Emits the code of a region: what is the same whichever family its instructions are of. The core's
 * registers are locals while the region runs.
 */
export class RegionWriter {
  readonly code: Code
  readonly locals = new Locals(PARAMETERS)
  /** Number of the entry that the dispatcher goes to next. */
  readonly next = ENTRY
  readonly left = BUDGET
  readonly pc = this.locals.add()
  /** A local of 64 bits that lives no longer than an instruction. */
  readonly wide = this.locals.add(I64)
  readonly #state: number
  readonly #exit: Label
  readonly #registers = new Map<number, number>()
  readonly #written = new Set<number>()
  readonly #scratch: number[] = []
  /** Instructions that have been executed and not yet been taken from what is left. */
  pending = 0
  #calls = false
  /** Of an access to a device: what is loaded, and what is left. */
  #result: number | undefined
  #rest: number | undefined

  /** @param state where the core's state is */
  constructor(code: Code, state: number) {
    this.code = code
    this.#state = state
    this.#exit = code.block(I32)
  }

  /** Pushes register `number`. */
  get(number: number): void {
    this.code.get(this.#register(number))
  }

  /** Takes register `number` from the stack. */
  set(number: number): void {
    this.#written.add(number)
    this.code.set(this.#register(number))
  }

  /** A local for what lives no longer than an instruction: the same for the same `index`. */
  scratch(index: number): number {
    while (this.#scratch.length <= index) this.#scratch.push(this.locals.add())
    return this.#scratch[index] ?? 0
  }

  /**
   * Where word `number` of the core's state is, from address 0 on: one that is a register in no local, and
   * that others may see and change while the region runs.
   */
  word(number: number): number {
    return this.#place(number)
  }

  /** Calls the family's helper with the three numbers on the stack; its result is left there. */
  help(): void {
    this.#calls = true
    this.code.op(Wasm.CALL)
    this.code.unsigned(HELPER)
  }

  /** Whether anything is called. */
  get calls(): boolean {
    return this.#calls
  }

  /**
   * Has the core make the access of the load or store `packed` at `pc`, and goes on behind it, at `next`. Leaves for
   * the interpreter where that has to make it, and where too few instructions are left to go on unchecked.
   * @param push pushes the address, and what is stored there, or any number
   * @param take takes what is loaded from the stack, or drops it
   */
  device(pc: number, next: number, packed: number, push: () => void, take: () => void): void {
    this.#calls = true
    const { code, left } = this
    this.#result ??= this.locals.add()
    this.#rest ??= this.locals.add()
    const [result, rest] = [this.#result, this.#rest]
    code.const(0)
    code.get(left)
    code.const(this.pending)
    code.op(Wasm.I32_SUB)
    code.access(Wasm.I32_STORE, 2, this.#state + LEFT)
    code.const(pc)
    code.const(packed)
    push()
    code.op(Wasm.CALL)
    code.unsigned(DEVICE)
    code.set(result)
    code.const(0)
    code.access(Wasm.I32_LOAD, 2, this.#state + LEFT)
    code.tee(rest)
    code.const(0)
    code.op(Wasm.I32_LT_S)
    code.if()
    this.interpret(pc)
    code.end()
    code.get(result)
    take()
    // The instruction is among those that are still to be taken from what is left.
    code.get(rest)
    code.const(++this.pending)
    code.op(Wasm.I32_ADD)
    code.set(left)
    code.get(rest)
    code.const(LONGEST_UNCHECKED)
    code.op(Wasm.I32_LT_S)
    code.if()
    this.interpret(next)
    code.end()
    this.pending--
  }

  /** Brings what is left up to date. */
  settle(): void {
    this.#subtract(this.pending)
    this.pending = 0
  }

  /** Leaves the region for `pc`, where another one may begin. */
  leave(pc: number): void {
    this.#subtract(this.pending)
    this.code.const(pc)
    this.code.br(this.#exit)
  }

  /** Leaves the region, before the instruction at `pc` has done anything, for the interpreter. */
  interpret(pc: number): void {
    this.leave(pc | INTERPRET)
  }

  /** Leaves the region for the address in the local `pc`. */
  leaveComputed(): void {
    this.#subtract(this.pending)
    this.code.get(this.pc)
    this.code.br(this.#exit)
  }

  /** Ends the function. */
  finish(): void {
    const { code } = this
    code.op(Wasm.UNREACHABLE)
    code.end()
    code.set(this.pc)
    for (const number of this.#written) {
      code.const(0)
      code.get(this.#register(number))
      code.access(Wasm.I32_STORE, 2, this.#place(number))
    }
    code.const(0)
    code.get(this.left)
    code.access(Wasm.I32_STORE, 2, this.#state + LEFT)
    code.get(this.pc)
    code.end()
  }

  /** What goes in front of it all: the registers that are used are loaded. */
  prologue(code: Code): void {
    for (const [number, local] of this.#registers) {
      code.const(0)
      code.access(Wasm.I32_LOAD, 2, this.#place(number))
      code.set(local)
    }
  }

  #subtract(count: number): void {
    if (count === 0) return
    const { code, left } = this
    code.get(left)
    code.const(count)
    code.op(Wasm.I32_SUB)
    code.set(left)
  }

  #register(number: number): number {
    let local = this.#registers.get(number)
    if (local === undefined) {
      local = this.locals.add()
      this.#registers.set(number, local)
    }
    return local
  }

  #place(number: number): number {
    return this.#state + REGISTERS + 4 * number
  }
}
