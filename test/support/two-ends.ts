import { WallClock } from '../../src/base/clock.js'
import { OpenampError } from '../../src/base/errors.js'
import { Waits } from '../../src/base/waits.js'
import { buildResourceTable, readResourceTable } from '../../src/firmware/index.js'
import { AddressSpace } from '../../src/memory/address-space.js'
import { Region } from '../../src/memory/region.js'
import { rpmsgLite } from '../../src/remoteproc/index.js'
import { bringUp } from '../../src/remoteproc/links.js'
import { type Remote, type RemotePlace, resourceInit } from '../../src/remoteproc/remote.js'
import { TableVdev } from '../../src/remoteproc/vdev.js'
import { RpmsgDevice, VirtioRpmsgHost } from '../../src/rpmsg/index.js'
import { RpmsgLiteMaster } from './rpmsg-lite-master.js'

/** Which host meets which remote. */
export type Pairing =
  | 'a host with a status'
  | 'Linux 3.4'
  | 'an RPMsg-Lite master'
  | 'our host, to a remote as of RPMsg-Lite'

export const pairings: readonly Pairing[] = [
  'a host with a status',
  'Linux 3.4',
  'an RPMsg-Lite master',
  'our host, to a remote as of RPMsg-Lite',
]

const BASE = 0x1000
const layout = { base: BASE, count: 4, align: 16, vringSize: 0x200 }
const pool = { offset: BASE + 0x400, size: 8 * 512 }

/** A host that a test starts and ends. */
export interface StartedHost {
  readonly device: RpmsgDevice
  /** It goes; `politely` resets the device first, where this host has a status to say so. */
  end(politely: boolean): void
}

/**
 * One memory, in which a host and a remote come and go. Doorbells are like a mailbox's: they wait for
 * an end that is not there yet.
 */
export class TwoEnds {
  readonly faults: string[] = []
  readonly #pairing: Pairing
  readonly #region = new Region({ name: 'memory', da: 0, pa: 0x4000_0000, size: 0x4000 })
  readonly #space = new AddressSpace([this.#region])
  readonly #clock = new WallClock()
  #remote: Remote | undefined
  #reset = new AbortController()
  #host: RpmsgDevice | undefined
  #rang = false

  constructor(pairing: Pairing) {
    this.#pairing = pairing
    const ring = (index: number) => ({
      da: BASE + index * layout.vringSize,
      num: layout.count,
      align: layout.align,
      notifyid: index,
    })
    const table = buildResourceTable([
      { kind: 'vdev', dfeatures: 1, notifyid: 31, vrings: [ring(0), ring(1)] },
    ])
    this.#region.bytes.set(table)
  }

  /** A remote boots; one that was there is put into reset, without a word to its host. */
  startRemote(): Remote {
    this.#reset.abort()
    this.#reset = new AbortController()
    const place: RemotePlace = {
      space: this.#space,
      clock: this.#clock,
      reset: this.#reset.signal,
      kick: () => queueMicrotask(() => this.#host?.poll()),
      onPeerFault: (error) => this.faults.push(`remote: ${error.message}`),
    }
    const remote =
      this.#pairing === 'a host with a status'
        ? resourceInit({ ...place, tableAddress: 0 })
        : this.#pairing === 'Linux 3.4'
          ? resourceInit({ ...place, tableAddress: 0, profile: 'linux-3.4' })
          : resourceInit({ ...place, layout, profile: 'rpmsg-lite' })
    this.#remote = remote
    if (this.#rang) this.#ring()
    return remote
  }

  /** A host begins; one that was there is gone. */
  startHost(): StartedHost {
    const kick = (): void => {
      this.#rang = true
      queueMicrotask(() => this.#ring())
    }
    const onPeerFault = (error: OpenampError): void => {
      this.faults.push(`host: ${error.message}`)
    }
    const waits = new Waits(this.#clock)
    const { device, bye } = this.#makeHost(waits, kick, onPeerFault)
    this.#host = device
    return {
      device,
      end: (politely) => {
        device.close(new OpenampError('ERR_STOPPED', 'this host goes'))
        if (politely) bye()
      },
    }
  }

  #makeHost(
    waits: Waits,
    kick: () => void,
    onPeerFault: (error: OpenampError) => void,
  ): { readonly device: RpmsgDevice; readonly bye: () => void } {
    const space = this.#space
    const region = this.#region
    const options = { waits, onPeerFault }
    const buffers = { region, ...pool }
    if (this.#pairing === 'an RPMsg-Lite master') {
      const master = new RpmsgLiteMaster({ space, ...layout, kick })
      return { device: new RpmsgDevice(master, options), bye: () => {} }
    }
    const bytes =
      this.#pairing === 'our host, to a remote as of RPMsg-Lite'
        ? rpmsgLite(layout).resourceTable.bytes
        : region.bytes.slice(0, BASE)
    const [entry] = readResourceTable(bytes, 'table').vdevs
    if (entry === undefined) throw new Error('no vdev')
    if (this.#pairing === 'a host with a status') {
      const { vdev, device } = bringUp({
        plan: { entry, pool: buffers },
        tableAt: { region, offset: 0 },
        space,
        waits,
        acknowledge: true,
        kick,
        onPeerFault,
        onEvent: () => {},
      })
      return { device, bye: () => Object.assign(vdev, { status: 0 }) }
    }
    // These hosts keep status and features to themselves.
    const own = new Region({ name: 'own table', da: 0, size: 0x1000 })
    own.bytes.set(bytes)
    const vdev = new TableVdev({ entry, table: { region: own, offset: 0 }, space, kick })
    const host = new VirtioRpmsgHost({ transport: vdev, pool: buffers })
    return { device: new RpmsgDevice(host, options), bye: () => {} }
  }

  #ring(): void {
    const remote = this.#remote
    if (remote === undefined) return
    this.#rang = false
    remote.kicked()
  }
}
