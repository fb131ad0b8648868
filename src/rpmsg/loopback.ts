import { type Clock, WallClock } from '../base/clock.js'
import type { OpenampError } from '../base/errors.js'
import { Waits } from '../base/waits.js'
import { type LoopbackOptions, VirtioLoopback } from '../virtio/loopback.js'
import { RpmsgDevice } from './device.js'
import type { NameServiceCallbacks } from './name-service.js'
import { VirtioRpmsgHost } from './virtio-host.js'
import { VirtioRpmsgRemote } from './virtio-remote.js'

export interface RpmsgLoopbackOptions extends LoopbackOptions {
  /** Bytes of a buffer with its header; 512 unless given. */
  readonly bufferSize?: number
  /** Feature bits that the host accepts of those offered; the name service unless given. */
  readonly accept?: number
  /** How the remote takes the host to use the rings; see `VirtioRpmsgRemoteOptions`. */
  readonly habits?: 'virtio' | 'rpmsg-lite'
  /** Whether the host announces back; see `RpmsgDeviceOptions`. */
  readonly acknowledge?: boolean
  /** What each end hears of the other's services. */
  readonly host?: NameServiceCallbacks
  readonly remote?: NameServiceCallbacks
  /** The clock of deadlines; the wall clock unless given. */
  readonly clock?: Clock
}

/** Both ends of one RPMsg link in one program. */
export interface RpmsgLoopback {
  readonly virtio: VirtioLoopback
  readonly host: RpmsgDevice
  readonly remote: RpmsgDevice
  /** What each end has reported of the other through `onPeerFault`. */
  readonly faults: { readonly host: OpenampError[]; readonly remote: OpenampError[] }
}

/**
 * Host and remote joined over one memory, for tests and for trying things without a remote
 * processor.
 *
 * @example
 * const { host, remote } = rpmsgLoopback()
 * const there = remote.announce('echo')
 * const here = await host.channel('echo')
 * await here.send('hello')
 * console.log((await there.receive()).text())
 */
export function rpmsgLoopback(options: RpmsgLoopbackOptions = {}): RpmsgLoopback {
  const { bufferSize = 512, num = 16, acknowledge, accept, clock = new WallClock() } = options
  const virtio = new VirtioLoopback({ poolSize: 2 * num * bufferSize, ...options })
  const faults: { host: OpenampError[]; remote: OpenampError[] } = { host: [], remote: [] }
  const hostTransport = new VirtioRpmsgHost({
    transport: virtio.driver,
    pool: { ...virtio.pool, bufferSize },
    clock,
    ...(accept === undefined ? {} : { features: accept }),
  })
  const host = new RpmsgDevice(hostTransport, {
    waits: new Waits(clock),
    onPeerFault: (error) => faults.host.push(error),
    ...options.host,
    ...(acknowledge === undefined ? {} : { acknowledge }),
  })
  const remoteTransport = new VirtioRpmsgRemote({
    transport: virtio.device,
    space: virtio.space,
    bufferSize,
    ...(options.habits === undefined ? {} : { habits: options.habits }),
    clock,
  })
  const remote = new RpmsgDevice(remoteTransport, {
    waits: new Waits(clock),
    onPeerFault: (error) => faults.remote.push(error),
    ...options.remote,
  })
  virtio.onInterrupt = () => host.poll()
  virtio.onKick = () => remote.poll()
  return { virtio, host, remote, faults }
}
