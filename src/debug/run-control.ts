import type { DebugHalt } from '../machines/emulated/debug-target.js'
import type { Inferior } from './inferior.js'

/** What an action of `vCont` does. */
export type Action = 'continue' | 'step'

/** Told of what ends a run: once, and only where the debugger waits for it. */
export interface RunListener {
  halted(inferior: Inferior, halt: DebugHalt): void
  ended(inferior: Inferior): void
}

/**
 * The remotes that one debugger is attached to: stopped and resumed all together ("all-stop"), begun
 * anew, let go, ended.
 */
export class RunControl {
  readonly #inferiors: readonly Inferior[]
  readonly #listener: RunListener
  readonly #attached = new Set<Inferior>()
  /** To be ended once the debugger has gone, unless it is run again before. */
  readonly #killed = new Set<Inferior>()
  /** The process that registers and memory are asked of. */
  #current: Inferior | undefined
  /** The debugger waits for a stop reply. */
  #running = false
  /** Who waits for a new life is told whose began, or ended; nothing where there will be none. */
  #onTurn: ((inferior: Inferior | undefined) => void) | undefined

  constructor(inferiors: readonly Inferior[], listener: RunListener) {
    this.#inferiors = inferiors
    this.#listener = listener
    const [first] = inferiors
    if (first !== undefined) this.attach(first)
  }

  /** Undefined where the debugger is attached to none. */
  get current(): Inferior | undefined {
    return this.#current
  }

  get attached(): ReadonlySet<Inferior> {
    return this.#attached
  }

  /** The process of that number, if it is attached to. */
  find(pid: number | undefined): Inferior | undefined {
    return [...this.#attached].find((inferior) => inferior.pid === pid)
  }

  /** @param inferior one that is attached to */
  choose(inferior: Inferior): void {
    this.#current = inferior
  }

  attach(inferior: Inferior): void {
    this.#attached.add(inferior)
    this.#killed.delete(inferior)
    this.#current = inferior
    inferior.target.attach({
      stopsAt: (address) => inferior.stopsAt(address),
      halted: (halt) => this.#halted(inferior, halt),
      ended: (closed) => this.#ended(inferior, closed),
    })
  }

  detach(inferior: Inferior): void {
    this.#forget(inferior)
    inferior.target.detach()
  }

  kill(inferior: Inferior): void {
    this.#forget(inferior)
    inferior.target.kill()
  }

  /** It stands still until it is run again, or the debugger goes: then it is ended. */
  killLater(inferior: Inferior): void {
    this.#forget(inferior)
    this.#killed.add(inferior)
  }

  /** The debugger has gone: every remote goes on without it. */
  close(): void {
    this.#onTurn?.(undefined)
    this.#attached.clear()
    // Also those that wait for it, though it has not come to them.
    for (const { target } of this.#inferiors) target.detach()
    for (const { target } of this.#killed) target.kill()
  }

  go(actions: ReadonlyMap<Inferior, Action>): void {
    this.#running = true
    for (const [inferior, action] of actions) {
      if (!this.#running) return
      if (action === 'step') inferior.target.step()
      else inferior.target.resume()
    }
  }

  interrupt(): void {
    if (!this.#running) return
    // The process at hand may not have been resumed, but another one.
    const inferior = [...this.#attached].find(({ target }) => target.halt === undefined)
    inferior?.target.stop()
  }

  /**
   * Begins a new life of `inferior`, which then stands before its first instruction.
   * @returns false where it is in reset, or its machine is gone
   */
  async reset(inferior: Inferior): Promise<boolean> {
    if (inferior.target.off) return false
    const turn = new Promise<Inferior | undefined>((resolve) => {
      this.#onTurn = (who) => {
        if (who === undefined || who === inferior) resolve(who)
      }
    })
    inferior.target.reset()
    const who = await turn
    this.#onTurn = undefined
    return who === inferior && inferior.target.halt?.kind === 'started'
  }

  /** Resets the one that was killed, or the one at hand. @returns it; undefined where that fails */
  async restart(): Promise<Inferior | undefined> {
    const [killed] = this.#killed
    const inferior = killed ?? this.#current ?? this.#inferiors[0]
    if (inferior === undefined || !(await this.reset(inferior))) return undefined
    if (!this.#attached.has(inferior)) this.attach(inferior)
    return inferior
  }

  /** A remote stands: with it stand all the others, and the debugger is told once. */
  #halted(inferior: Inferior, halt: DebugHalt): void {
    if (halt.kind === 'started') this.#onTurn?.(inferior)
    inferior.crashed = undefined
    if (!this.#running) return
    this.#running = false
    for (const { target } of this.#attached) target.stop()
    this.#current = inferior
    this.#listener.halted(inferior, halt)
  }

  #ended(inferior: Inferior, closed: boolean): void {
    this.#onTurn?.(closed ? undefined : inferior)
    this.#forget(inferior)
    if (!this.#running) return
    this.#running = false
    for (const { target } of this.#attached) target.stop()
    this.#listener.ended(inferior)
  }

  #forget(inferior: Inferior): void {
    this.#attached.delete(inferior)
    if (this.#current === inferior) this.#current = [...this.#attached][0]
  }
}
