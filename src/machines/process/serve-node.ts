import { OpenampError } from '../../base/errors.js'
import { rethrowLater } from '../../base/events.js'
import { type Remote, resourceInit } from '../../remoteproc/remote.js'
import type { RpmsgDevice } from '../../rpmsg/index.js'
import { connectHost, type RemoteEnd, type RemoteEndOptions } from './remote-end-node.js'

export interface ServeOptions extends RemoteEndOptions {
  /**
   * The remote: called anew for each link that comes up. What it throws is the program's, as an
   * uncaught error, unless the link has ended.
   */
  readonly remote: (rpmsg: RpmsgDevice) => void | Promise<void>
}

/** A remote that serves the hosts which come to it. Made by `serveProcess`. */
export class ProcessServer {
  readonly end: RemoteEnd
  readonly #remote: Remote
  readonly #main: ServeOptions['remote']
  #link: RpmsgDevice | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(end: RemoteEnd, main: ServeOptions['remote']) {
    this.end = end
    this.#main = main
    this.#remote = resourceInit(end)
    end.onKick = () => this.#kicked()
    end.onShutdown = () => void this.#shutDown()
    this.#kicked()
  }

  /** The RPMsg device while a host's driver is there. */
  get rpmsg(): RpmsgDevice | undefined {
    return this.#remote.rpmsg
  }

  /** Ends the link, telling the host which channels end, and leaves. */
  async close(): Promise<void> {
    this.#link = undefined
    this.#remote.close()
    this.end.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #kicked(): void {
    this.#remote.kicked()
    const { rpmsg } = this.#remote
    if (rpmsg === this.#link) return
    this.#link = rpmsg
    if (rpmsg !== undefined) this.#running = this.#run(rpmsg)
  }

  async #run(rpmsg: RpmsgDevice): Promise<void> {
    try {
      await this.#main(rpmsg)
    } catch (error) {
      // What a link that has ended makes of its users is no news.
      if (this.#link === rpmsg || !(error instanceof OpenampError)) rethrowLater(error)
    }
  }

  /** The host wants the remote to come to an end; a process that it has spawned ends with that. */
  async #shutDown(): Promise<void> {
    const running = this.#running
    this.#link = undefined
    this.#remote.close()
    await running
    this.end.acknowledge()
    this.end.close()
  }
}

/**
 * Serves a remote to the hosts that meet it, one after the other: to the one that has spawned this
 * process, or to whoever comes to the name. It keeps the process running.
 *
 * @example
 * await serveProcess({
 *   name: 'sensors',
 *   remote: async (rpmsg) => {
 *     const channel = rpmsg.announce('thermometer')
 *     for await (const question of channel) await channel.send('21.5')
 *   },
 * })
 * @throws ERR_USAGE, ERR_STATE (somebody listens there already), ERR_SYSTEM
 */
export async function serveProcess(options: ServeOptions): Promise<ProcessServer> {
  return new ProcessServer(await connectHost(options), options.remote)
}
