import { type Clock, WallClock } from '../../base/clock.js'
import type { Doorbell } from '../../base/doorbell.js'
import { isOpenampError, OpenampError } from '../../base/errors.js'
import type { AddressSpace } from '../../memory/address-space.js'
import { answerHeartbeat } from '../../remoteproc/heartbeat-remote.js'
import { type Remote, resourceInit } from '../../remoteproc/remote.js'
import { isRemoteDefinition, type RemoteDefinition } from './define-remote.js'
import { describeError, type Report } from './link.js'

/** Where a remote runs. */
export interface RunPlace {
  readonly space: AddressSpace
  /** Device address of its resource table. */
  readonly table: number
  readonly data: unknown
  /** Where its thread can be stopped; `toHost` rings the host. */
  readonly doorbell?: Doorbell
  readonly toHost: () => void
  readonly post: (report: Report) => void
  readonly reset?: AbortSignal
}

/** One life of a remote, in whatever thread. */
export class RemoteRun {
  readonly #definition: RemoteDefinition
  readonly #place: RunPlace
  readonly #clock: Clock = new WallClock()
  readonly #shutdown = new AbortController()
  readonly #remote: Remote
  #main: Promise<void> | undefined

  constructor(definition: RemoteDefinition, place: RunPlace) {
    this.#definition = definition
    this.#place = place
    const { space, table, toHost, post, reset, doorbell } = place
    this.#remote = resourceInit({
      space,
      tableAddress: table,
      kick: toHost,
      clock: this.#clock,
      onPeerFault: (error) => post({ type: 'note', text: `the host is broken: ${error.message}` }),
      waiting: { style: definition.wait, coalesce: definition.coalesce, doorbell },
      ...(reset === undefined ? {} : { reset }),
    })
  }

  start(): void {
    this.#answerHeartbeats()
    this.#main = this.#runMain()
  }

  /** The host has rung. */
  rung(): void {
    this.#remote.kicked()
  }

  /** The host has asked for the end. @returns false where it has done so before */
  requestShutdown(): boolean {
    if (this.#shutdown.signal.aborted) return false
    this.#shutdown.abort()
    this.#remote.close()
    void this.#acknowledge()
    return true
  }

  async #acknowledge(): Promise<void> {
    await this.#main
    this.#place.post({ type: 'shutdown acknowledged' })
  }

  async #runMain(): Promise<void> {
    const { data, post } = this.#place
    try {
      await this.#definition.main({
        remote: this.#remote,
        clock: this.#clock,
        data,
        shutdown: this.#shutdown.signal,
        print: (text) => post({ type: 'console', text }),
        exit: () => post({ type: 'exited' }),
      })
    } catch (error) {
      // What it was doing has ended with the link, as it was asked to.
      if (this.#shutdown.signal.aborted && isOpenampError(error)) return
      post({ type: 'crashed', reason: describeError(error) })
    }
  }

  async #answerHeartbeats(): Promise<void> {
    try {
      answerHeartbeat(await this.#remote.whenReady())
    } catch (error) {
      // The remote has come to its end before there was a link.
      if (!isOpenampError(error)) throw error
    }
  }
}

/**
 * The module's remote.
 * @throws ERR_IMAGE where it cannot be imported, or exports none
 */
export async function importRemote(url: string): Promise<RemoteDefinition> {
  let module: { readonly default?: unknown }
  try {
    module = await import(url)
  } catch (cause) {
    throw new OpenampError('ERR_IMAGE', `it cannot be imported: ${describeError(cause)}`, { cause })
  }
  if (isRemoteDefinition(module.default)) return module.default
  const how = 'its default export is no remote: export default defineRemote({ main })'
  throw new OpenampError('ERR_IMAGE', how)
}
