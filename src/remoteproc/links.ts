import type { Waiting } from '../base/doorbell.js'
import { isOpenampError, type OpenampError } from '../base/errors.js'
import type { WaitOptions, Waits } from '../base/waits.js'
import type { AddressSpace, Location } from '../memory/address-space.js'
import {
  type Channel,
  type ChannelOptions,
  type NameServiceCallbacks,
  RpmsgDevice,
  type RpmsgEvent,
  VirtioRpmsgHost,
} from '../rpmsg/index.js'
import { VIRTIO_FEATURE } from '../virtio/index.js'
import type { VdevPlan } from './carveouts.js'
import { TableVdev } from './vdev.js'

/** An RPMsg device of the running remote, with the vdev that it stands on. */
export interface Link {
  readonly vdev: TableVdev
  readonly device: RpmsgDevice
}

export interface LinkOptions {
  readonly plan: VdevPlan
  readonly tableAt: Location
  readonly space: AddressSpace
  /** As `Processor.features`. */
  readonly features?: number | undefined
  readonly waiting?: Waiting | undefined
  readonly waits: Waits
  readonly acknowledge: boolean
  readonly nameService?: NameServiceCallbacks
  readonly kick: (notifyId: number) => void
  readonly onPeerFault: (error: OpenampError) => void
  readonly onEvent: (event: RpmsgEvent) => void
}

/** Brings one RPMsg device up: features, rings, buffers, DRIVER_OK, first kick. */
export function bringUp(options: LinkOptions): Link {
  const { plan, tableAt, space, waits, waiting, acknowledge, kick, onPeerFault, onEvent } = options
  const { nsBind, nsUnbind } = options.nameService ?? {}
  const vdev = new TableVdev({ entry: plan.entry, table: tableAt, space, kick })
  const { pool, txPool, features: ofBuffers = 0 } = plan
  const features = (1 << VIRTIO_FEATURE.RPMSG_NS) | ofBuffers | (options.features ?? 0)
  const transport = new VirtioRpmsgHost({
    transport: vdev,
    pool,
    txPool,
    features,
    clock: waits.clock,
  })
  const deviceOptions = { waits, waiting, acknowledge, onPeerFault, nsBind, nsUnbind }
  const device = new RpmsgDevice(transport, deviceOptions)
  device.events.observe(onEvent)
  return { vdev, device }
}

/**
 * Looks at all rings once more: what the remote has done without a kick, before it ended or fell
 * idle, counts all the same.
 * @returns whether there was something
 */
export function lastLook(links: readonly Link[]): boolean {
  let news = false
  for (const { device } of links) {
    const { received, sendersWaiting } = device
    device.poll()
    if (device.received !== received || device.sendersWaiting !== sendersWaiting) news = true
  }
  return news
}

/**
 * The channel that one of several devices announces as `name`. Where some have announced it already,
 * it is the first that is not bound; else the first to announce it wins, the other waits are
 * withdrawn, and what they bound at the same time is let go.
 */
export async function channelOf(
  devices: readonly RpmsgDevice[],
  name: string,
  options: ChannelOptions & WaitOptions,
): Promise<Channel> {
  const offering = devices.filter((device) => device.announcements.some((a) => a.name === name))
  const [first, ...others] = offering.length === 0 ? devices : offering
  if (first !== undefined && others.length === 0) return first.channel(name, options)
  if (offering.length > 0) return firstFree(offering, name, options)
  const withdrawn = new AbortController()
  const signals = options.signal ? [options.signal, withdrawn.signal] : [withdrawn.signal]
  const signal = AbortSignal.any(signals)
  const tries = devices.map((device) => device.channel(name, { ...options, signal }))
  try {
    const winner = await Promise.any(tries)
    for (const attempt of tries) {
      attempt.then(
        (channel) => channel !== winner && channel.close(),
        () => {},
      )
    }
    return winner
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error
  } finally {
    withdrawn.abort()
  }
}

async function firstFree(
  devices: readonly RpmsgDevice[],
  name: string,
  options: ChannelOptions & WaitOptions,
): Promise<Channel> {
  let bound: unknown
  for (const device of devices) {
    try {
      return await device.channel(name, options)
    } catch (error) {
      if (!isOpenampError(error, 'ERR_STATE')) throw error
      bound = error
    }
  }
  throw bound
}
