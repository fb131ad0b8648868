import { AddressSpace } from '../memory/address-space.js'
import { Region } from '../memory/region.js'
import type { TransportQueue, VirtioTransport } from './transport.js'
import { legacyLayout, Vring } from './vring.js'

export interface LoopbackOptions {
  /** Descriptors of each ring; 16 unless given. */
  readonly num?: number
  /** How many rings; 2 unless given. */
  readonly rings?: number
  /** Alignment of the used rings; 16 unless given. */
  readonly align?: number
  /** What the device offers; the RPMsg name service unless given. */
  readonly features?: number
  /** Bytes for buffers behind the rings; 512 for each descriptor unless given. */
  readonly poolSize?: number
  /** Device address of the memory. */
  readonly da?: number
  /** Physical address of the memory, as it stands in descriptors; equal to `da` unless given. */
  readonly pa?: number
  /** Memory to use instead of new one. */
  readonly buffer?: ArrayBuffer | SharedArrayBuffer
  /** Runs the delivery of notifications later, never at once; queueMicrotask unless given. */
  readonly schedule?: (deliver: () => void) => void
}

/**
 * A virtio device and its driver in one program: two transports over one memory, for tests and for
 * trying things without a remote processor. Notifications arrive later, never within `notify`, and
 * one that is on its way already is not doubled.
 */
export class VirtioLoopback {
  readonly region: Region
  readonly space: AddressSpace
  /** Where the buffers begin in `region`, and how many bytes there are. */
  readonly pool: { readonly region: Region; readonly offset: number; readonly size: number }
  readonly driver: VirtioTransport
  readonly device: VirtioTransport
  /** Called on the driver's side when the device has notified. */
  onInterrupt: () => void = () => {}
  /** Called on the device's side when the driver has notified. */
  onKick: () => void = () => {}
  /** Notifications sent so far, by queue. */
  readonly interrupts: number[]
  readonly kicks: number[]

  constructor(options: LoopbackOptions = {}) {
    const { num = 16, rings = 2, align = 16, features = 1, da = 0x1000_0000, pa = da } = options
    const schedule = options.schedule ?? queueMicrotask
    const stride = roundUp(legacyLayout(num, align).size, Math.max(align, 8))
    const poolSize = options.poolSize ?? rings * num * 512
    const size = roundUp(stride * rings + poolSize, 8)
    const { buffer } = options
    this.region = new Region({ name: 'loopback', da, pa, size, ...(buffer ? { buffer } : {}) })
    this.space = new AddressSpace([this.region])
    this.pool = { region: this.region, offset: stride * rings, size: poolSize }
    this.interrupts = new Array<number>(rings).fill(0)
    this.kicks = new Array<number>(rings).fill(0)

    const shared = { deviceId: 7, deviceFeatures: features, driverFeatures: 0, status: 0 }
    const transport = (counts: number[], tell: () => void): VirtioTransport => {
      const later = once(schedule, tell)
      const queues = counts.map((_, i): TransportQueue => {
        const address = da + i * stride
        return {
          ring: () => Vring.legacy(this.space, 'da', address, num, align, `vring ${i}`),
          notify: () => {
            counts[i] = (counts[i] ?? 0) + 1
            later()
          },
        }
      })
      return new LoopbackTransport(shared, queues)
    }
    this.driver = transport(this.kicks, () => this.onKick())
    this.device = transport(this.interrupts, () => this.onInterrupt())
  }
}

interface Shared {
  readonly deviceId: number
  readonly deviceFeatures: number
  driverFeatures: number
  status: number
}

class LoopbackTransport implements VirtioTransport {
  readonly queues: readonly TransportQueue[]
  readonly #shared: Shared

  constructor(shared: Shared, queues: readonly TransportQueue[]) {
    this.#shared = shared
    this.queues = queues
  }

  get deviceId(): number {
    return this.#shared.deviceId
  }

  get deviceFeatures(): number {
    return this.#shared.deviceFeatures
  }

  get driverFeatures(): number {
    return this.#shared.driverFeatures
  }

  set driverFeatures(features: number) {
    this.#shared.driverFeatures = features >>> 0
  }

  get status(): number {
    return this.#shared.status
  }

  set status(status: number) {
    this.#shared.status = status
  }
}

/** A function that schedules `call`, unless that is under way. */
function once(schedule: (deliver: () => void) => void, call: () => void): () => void {
  let underWay = false
  const deliver = (): void => {
    underWay = false
    call()
  }
  return () => {
    if (underWay) return
    underWay = true
    schedule(deliver)
  }
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to
}
