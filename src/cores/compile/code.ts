import { EMPTY, I32, type I64, Wasm } from './opcodes.js'

/** A block or loop that can be branched to, as long as it is open. */
export type Label = number

/** Bytes that grow, with the number formats of the WebAssembly binary format. */
export class ByteWriter {
  #buffer = new Uint8Array(256)
  #length = 0

  /** As they are now; valid until the next one is written. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length)
  }

  byte(value: number): void {
    if (this.#length === this.#buffer.length) this.#grow(1)
    this.#buffer[this.#length++] = value
  }

  append(bytes: ArrayLike<number>): void {
    if (this.#length + bytes.length > this.#buffer.length) this.#grow(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #grow(more: number): void {
    const larger = new Uint8Array(2 * (this.#buffer.length + more))
    larger.set(this.bytes)
    this.#buffer = larger
  }

  /** LEB128 of a number from 0 to 2^32 - 1. */
  unsigned(value: number): void {
    let rest = value >>> 0
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.byte(rest)
  }

  /** LEB128 of a signed number of 32 bits. */
  signed(value: number): void {
    let rest = value | 0
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>= 7
    }
    this.byte(rest & 0x7f)
  }

  text(value: string): void {
    this.unsigned(value.length)
    for (let i = 0; i < value.length; i++) this.byte(value.charCodeAt(i))
  }

  /** A vector: how many, and their bytes one after the other. */
  vector(items: readonly (readonly number[])[]): void {
    this.unsigned(items.length)
    for (const item of items) this.append(item)
  }
}

/** How the locals of a function are numbered; several pieces of its code may share one. */
export class Locals {
  readonly #types: number[] = []
  readonly #parameters: number

  /** @param parameters how many i32 parameters there are: locals 0 and up */
  constructor(parameters: number) {
    this.#parameters = parameters
  }

  add(type: typeof I32 | typeof I64 = I32): number {
    return this.#parameters + this.#types.push(type) - 1
  }

  /** As they are declared in front of a function's code. */
  declare(to: ByteWriter): void {
    to.vector(this.#types.map((type) => [1, type]))
  }
}

/** The code of a function, with labels by name instead of by nesting depth. */
export class Code extends ByteWriter {
  #depth: number

  /** @param depth blocks that are open already where this code is put */
  constructor(depth = 0) {
    super()
    this.#depth = depth
  }

  op(...codes: readonly Wasm[]): void {
    for (const code of codes) this.byte(code)
  }

  get(local: number): void {
    this.byte(Wasm.LOCAL_GET)
    this.unsigned(local)
  }

  set(local: number): void {
    this.byte(Wasm.LOCAL_SET)
    this.unsigned(local)
  }

  tee(local: number): void {
    this.byte(Wasm.LOCAL_TEE)
    this.unsigned(local)
  }

  global(index: number): void {
    this.byte(Wasm.GLOBAL_GET)
    this.unsigned(index)
  }

  const(value: number): void {
    this.byte(Wasm.I32_CONST)
    this.signed(value)
  }

  /** @param value from -64 to 63 */
  const64(value: number): void {
    this.byte(Wasm.I64_CONST)
    this.signed(value)
  }

  /**
   * A load or store, at `offset` from the address on the stack.
   * @param align log2 of the alignment
   */
  access(op: Wasm, align: number, offset: number): void {
    this.byte(op)
    this.unsigned(align)
    this.unsigned(offset)
  }

  /** A full barrier towards whoever shares the memory. */
  fence(): void {
    this.append([0xfe, 0x03, 0x00])
  }

  block(result: number = EMPTY): Label {
    return this.#open(Wasm.BLOCK, result)
  }

  loop(): Label {
    return this.#open(Wasm.LOOP, EMPTY)
  }

  /** Takes the condition from the stack. */
  if(result: number = EMPTY): Label {
    return this.#open(Wasm.IF, result)
  }

  else(): void {
    this.byte(Wasm.ELSE)
  }

  end(): void {
    this.#depth--
    this.byte(Wasm.END)
  }

  br(label: Label): void {
    this.byte(Wasm.BR)
    this.unsigned(this.#depth - 1 - label)
  }

  brIf(label: Label): void {
    this.byte(Wasm.BR_IF)
    this.unsigned(this.#depth - 1 - label)
  }

  /** Takes the index from the stack; the last label is also where greater ones go. */
  brTable(labels: readonly Label[]): void {
    this.byte(Wasm.BR_TABLE)
    const depths = labels.map((label) => this.#depth - 1 - label)
    this.unsigned(depths.length - 1)
    for (const depth of depths) this.unsigned(depth)
  }

  #open(op: Wasm, result: number): Label {
    this.byte(op)
    this.byte(result)
    return this.#depth++
  }
}
