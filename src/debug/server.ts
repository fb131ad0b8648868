import type { Debugger, DebugTarget } from '../machines/emulated/debug-target.js'
import { Inferior } from './inferior.js'
import { GdbSession } from './session.js'

/**
 * Remotes for debuggers that speak GDB's remote protocol, whatever carries it: each remote is a
 * process, by the order in which their machines were opened. A debugger begins with the first one.
 */
export class GdbServer implements Debugger {
  readonly #inferiors: Inferior[] = []
  readonly #waits: boolean
  #session: GdbSession | undefined
  #left = false

  /** @param waits remotes begin halted, until a debugger has come and gone */
  constructor(waits: boolean) {
    this.#waits = waits
  }

  get waits(): boolean {
    return this.#waits && !this.#left
  }

  /** A debugger is connected. */
  get busy(): boolean {
    return this.#session !== undefined
  }

  add(target: DebugTarget): void {
    this.#inferiors.push(new Inferior(this.#inferiors.length + 1, target))
  }

  /**
   * A debugger has come, the only one.
   * @param send takes the bytes that go to it
   * @returns what takes the bytes that come from it, and is closed when it has gone
   */
  connect(
    send: (bytes: Uint8Array) => void,
  ): Pick<GdbSession, 'receive' | 'backlog' | 'whenServed' | 'close'> {
    const session = new GdbSession(this.#inferiors, send)
    this.#session = session
    return {
      receive: (bytes) => session.receive(bytes),
      get backlog() {
        return session.backlog
      },
      whenServed: () => session.whenServed(),
      close: () => {
        session.close()
        this.#left = true
        if (this.#session === session) this.#session = undefined
      },
    }
  }
}
