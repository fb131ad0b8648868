import { OpenampError } from '../base/errors.js'
import type { RemoteprocState } from './events.js'

/** Where a remote is in its lives, and what may be asked of it there: the same for whoever lives them. */
export class Standing<Parts> {
  state: RemoteprocState = 'offline'
  /** What there is of the remote from init to deinit. */
  parts: Parts | undefined
  /** Why the last life has ended; undefined while one lasts. */
  ending: Error | undefined
  /** The host lets go of the remote: nothing begins any more. */
  leaving = false
  readonly #busy: () => string | undefined

  /** @param busy what is under way and lets nothing else begin, in words; undefined where nothing is */
  constructor(busy: () => string | undefined) {
    this.#busy = busy
  }

  /** @throws ERR_STATE after deinit */
  require(): Parts {
    if (this.parts !== undefined) return this.parts
    throw new OpenampError('ERR_STATE', 'the remote processor was deinitialised')
  }

  /** @throws ERR_STATE where something is under way, or the remote is in none of these states */
  requireState(call: string, ...states: readonly RemoteprocState[]): Parts {
    const parts = this.require()
    const busy = this.leaving ? 'being deinitialised' : this.#busy()
    const state = busy ?? this.state
    if (states.some((allowed) => allowed === state)) return parts
    const wanted = states.join(' or ')
    throw new OpenampError('ERR_STATE', `${call}: the remote is ${state}, not ${wanted}`)
  }

  /** Why there is no remote to do `call` with. */
  ended(call: string): Error {
    return this.ending ?? new OpenampError('ERR_STATE', `${call}: the remote is ${this.state}`)
  }
}
