/** Where control goes from an instruction, other than to the next one. */
export type Flow =
  /** to `target`; `link` where it is a call that comes back to the next instruction */
  | { readonly kind: 'jump'; readonly target: number; readonly link: boolean }
  /** to `target` or to the next instruction */
  | { readonly kind: 'branch'; readonly target: number }
  /** to an address that is known only then; `link` and `returns` where it is a call, or a return */
  | { readonly kind: 'indirect'; readonly link: boolean; readonly returns: boolean }
  /** the interpreter has to execute this one */
  | { readonly kind: 'interpret' }

/** A decoded instruction, as much of it as both families have in common. Addresses are signed. */
export interface Instruction {
  readonly pc: number
  /** Bytes. */
  readonly length: number
  /** Undefined where the next instruction follows. */
  readonly flow: Flow | undefined
}

/** The code that there is. */
export interface CodeSource<I extends Instruction> {
  /**
   * The instruction at `pc` as the interpreter has it; undefined where it has never been reached. What
   * has not been reached may still be changed without anybody having to say so, and is not compiled.
   */
  instruction(pc: number): I | undefined
}
