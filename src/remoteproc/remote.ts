import type { Clock } from '../base/clock.js'
import type { Waiting } from '../base/doorbell.js'
import { OpenampError } from '../base/errors.js'
import { type Wait, type WaitOptions, Waits } from '../base/waits.js'
import type { AddressSpace } from '../memory/address-space.js'
import { type NameServiceCallbacks, RpmsgDevice, VirtioRpmsgRemote } from '../rpmsg/index.js'
import { VIRTIO_STATUS } from '../virtio/index.js'
import { type HostPresence, type HostProfile, hostPresence } from './host-presence.js'
import type { TableVdev } from './vdev.js'

/**
 * What a remote written in TypeScript has around it, and what its host is like: `tableAddress` is the
 * device address of its resource table, `layout` what takes the table's place with RPMsg-Lite.
 */
export type RemoteOptions = RemotePlace & HostProfile

export interface RemotePlace extends NameServiceCallbacks {
  /** The memory that it shares with the host. */
  readonly space: AddressSpace
  /** Tells the host that the ring of this notify id has changed. */
  readonly kick: (notifyId: number) => void
  readonly clock: Clock
  /** How it waits for the host; without it, in the event loop alone. */
  readonly waiting?: Waiting
  /**
   * Told of an error that shows the host broken: a table that cannot be used, a ring that lies. The
   * link is down then, until the host begins anew.
   */
  readonly onPeerFault?: (error: OpenampError) => void
  /** Aborted when the remote is put into reset: it ends then, and touches shared memory no more. */
  readonly reset?: AbortSignal
}

/** How often to look for a buffer of a host that gives no notice, ms: as RPMsg-Lite's remote does. */
const STARVING_INTERVAL = 1

/** What stands while the host's driver is there. */
interface HostLink {
  readonly vdev: TableVdev
  readonly transport: VirtioRpmsgRemote
  readonly device: RpmsgDevice
  /** The host was caught lying: nothing goes over this link any more. */
  broken: boolean
}

/**
 * The remote's end of a link: it waits until the host's driver is there (DRIVER_OK), and again after
 * the host has gone and come back. Made by `resourceInit`.
 */
export class Remote {
  readonly #options: RemoteOptions
  readonly #presence: HostPresence
  readonly #waits: Waits
  readonly #onReset = (): void => {
    this.#end(new OpenampError('ERR_STOPPED', 'the remote was put into reset'))
  }
  #link: HostLink | undefined
  #ready: Wait<RpmsgDevice>[] = []
  #cancelLook: (() => void) | undefined
  #ended: Error | undefined

  constructor(options: RemoteOptions) {
    this.#options = options
    this.#presence = hostPresence(options, options)
    this.#waits = new Waits(options.clock)
    const { reset } = options
    if (reset?.aborted) {
      this.#onReset()
      return
    }
    this.#look(false)
    reset?.addEventListener('abort', this.#onReset, { once: true })
  }

  /** The RPMsg device while the host's driver is there. */
  get rpmsg(): RpmsgDevice | undefined {
    return this.#link?.broken ? undefined : this.#link?.device
  }

  /**
   * The RPMsg device, once the host's driver is there.
   * @throws ERR_TIMEOUT, ERR_ABORTED, ERR_CLOSED, ERR_STOPPED (put into reset), ERR_RESOURCE_TABLE or
   *   ERR_MEMORY where the host has written a table that cannot be used
   */
  async whenReady(options: WaitOptions = {}): Promise<RpmsgDevice> {
    if (this.#ended !== undefined) throw this.#ended
    this.#look(false)
    const device = this.rpmsg
    if (device !== undefined) return device
    const wait = this.#waits.add<RpmsgDevice>('message', 'driver on the host', options)
    this.#ready.push(wait)
    return wait.promise.finally(() => {
      this.#ready = this.#ready.filter((other) => other !== wait)
    })
  }

  /**
   * To be called when the host has kicked, whatever the notify id: the first kick is also the news
   * that the status has changed, for Linux gives no other, and all that older hosts and RPMsg-Lite's
   * master tell. A remote that may have missed it because its doorbells do not latch calls this once
   * when it begins.
   */
  kicked(): void {
    const before = this.#link
    try {
      this.#look(true)
    } catch (error) {
      if (!(error instanceof OpenampError)) throw error
      for (const wait of this.#ready.splice(0)) wait.reject(error)
      this.#options.onPeerFault?.(error)
    }
    // A new link is looked at when whoever waited for it has made its endpoints.
    if (this.#link === before) this.rpmsg?.poll()
  }

  /** See `resourceDeinit`. */
  close(): void {
    // The name service tells the host of what ends here, as long as the link is there.
    for (const endpoint of [...(this.#link?.device.endpoints ?? [])]) endpoint.destroy()
    this.#end(new OpenampError('ERR_CLOSED', 'the remote was deinitialised'))
  }

  #end(error: Error): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    this.#options.reset?.removeEventListener('abort', this.#onReset)
    this.#cancelLook?.()
    const link = this.#link
    this.#link = undefined
    link?.device.close(error)
    this.#waits.rejectAll(() => error)
  }

  /**
   * Looks whether the host's driver is there: the link comes up with it and goes down without it. A
   * host that was restarted between two looks shows by its rings, which begin anew.
   */
  #look(kicked: boolean): void {
    if (this.#ended !== undefined) return
    const old = this.#link
    if (old !== undefined) {
      if (isDriverOk(old.vdev) && !old.transport.ringsWereReset) return
      this.#link = undefined
      this.#presence.forget()
      old.device.close(new OpenampError('ERR_STOPPED', 'the host has reset the device'))
      // Whoever was told of it may have looked, or ended everything, by now.
      if (this.#link !== undefined || this.#ended !== undefined) return
    }
    const vdev = this.#presence.look(kicked)
    if (vdev === undefined) return
    const link = this.#bringUp(vdev)
    this.#link = link
    // The host may have sent something before there was anybody to hear the kick.
    if (link.transport.hasReceived) this.#lookLater(link, 0)
    for (const wait of this.#ready.splice(0)) wait.resolve(link.device)
  }

  #bringUp(vdev: TableVdev): HostLink {
    const { space, waiting, onPeerFault, nsBind, nsUnbind } = this.#options
    const transport = new VirtioRpmsgRemote({
      transport: vdev,
      space,
      habits: this.#presence.habits,
      wholeBuffers: true,
      onStarving: () => this.#lookLater(link, STARVING_INTERVAL),
    })
    const device = new RpmsgDevice(transport, {
      waits: this.#waits,
      waiting,
      nsBind,
      nsUnbind,
      onPeerFault: (error) => {
        link.broken = true
        // A driver that follows the specification resets the device then.
        vdev.requestReset()
        onPeerFault?.(error)
      },
    })
    const link: HostLink = { vdev, transport, device, broken: false }
    return link
  }

  #lookLater(link: HostLink, milliseconds: number): void {
    this.#cancelLook?.()
    this.#cancelLook = this.#options.clock.after(milliseconds, 'timer', () => {
      if (this.#link !== link) return
      link.device.poll()
      // Somebody waits for a transmit buffer, of which this host gives no notice.
      const { habits } = this.#presence
      if (habits === 'rpmsg-lite' && link.device.starving) this.#lookLater(link, STARVING_INTERVAL)
    })
  }
}

function isDriverOk({ status }: TableVdev): boolean {
  return (status & VIRTIO_STATUS.DRIVER_OK) !== 0
}

/**
 * Begins the remote's side of a link (remoteproc_resource_init of the early OpenAMP): reads the
 * resource table in shared memory and waits for the host, as the host's `profile` has it.
 * @throws ERR_RESOURCE_TABLE, ERR_MEMORY, ERR_USAGE for a layout that cannot be
 */
export function resourceInit(options: RemoteOptions): Remote {
  return new Remote(options)
}

/** Ends it: destroys the endpoints, telling the host, and touches shared memory no more. */
export function resourceDeinit(remote: Remote): void {
  remote.close()
}
