import { WallClock } from '../../src/base/clock.js'
import { OpenampError } from '../../src/base/errors.js'
import { Waits } from '../../src/base/waits.js'
import type { Descriptor, Mapping } from '../../src/machines/vhost-user/descriptor.js'
import { type RequestName, requestId } from '../../src/machines/vhost-user/message.js'
import { Region } from '../../src/memory/region.js'
import { RpmsgDevice, VirtioRpmsgHost } from '../../src/rpmsg/index.js'
import { type VirtioTransport, Vring } from '../../src/virtio/index.js'

// A front-end's end of vhost-user, written from the specification and not with the code under test.

export const NEED_REPLY = 8
/** virtio features NS, EVENT_IDX, VERSION_1, and the bit of the protocol features. */
export const FEATURES = 1n | (1n << 29n) | (1n << 32n) | (1n << 30n)
/** MQ, REPLY_ACK, BACKEND_REQ, CONFIG, STATUS. */
export const PROTOCOL = 1n | (1n << 3n) | (1n << 5n) | (1n << 9n) | (1n << 16n)
export const INBAND = 1n << 14n

/** Little-endian words, 32 bits for a number, 64 for a bigint. */
export function words(...values: readonly (number | bigint)[]): Uint8Array {
  const size = values.reduce<number>((sum, v) => sum + (typeof v === 'bigint' ? 8 : 4), 0)
  const view = new DataView(new ArrayBuffer(size))
  let at = 0
  for (const value of values) {
    if (typeof value === 'bigint') {
      view.setBigUint64(at, value, true)
      at += 8
    } else {
      view.setUint32(at, value, true)
      at += 4
    }
  }
  return new Uint8Array(view.buffer)
}

/** A message as it goes over the socket. */
export function message(
  request: RequestName | number,
  payload: Uint8Array = words(),
  flags = 0,
): Uint8Array {
  const id = typeof request === 'number' ? request : requestId(request)
  const bytes = new Uint8Array(12 + payload.length)
  bytes.set(words(id, flags | 1, payload.length))
  bytes.set(payload, 12)
  return bytes
}

// The memory: two rings of 16 in the first region, buffers in the second.
const NUM = 16
const POOL = 2 * NUM * 512
export const LAYOUT = {
  guest: 0x4000_0000,
  user: 0x7f00_0000_0000,
  rings: 0x1000,
  /** Bytes of the first region. */
  size: 0x2000,
  /** The second region lies elsewhere in both kinds of addresses, and behind the first in the file. */
  poolGuest: 0x8000_0000,
  poolUser: 0x7e00_0000_0000,
  poolSize: Math.ceil(POOL / 4096) * 4096,
} as const
export const FILE_SIZE = LAYOUT.size + LAYOUT.poolSize

/** The payload of SET_MEM_TABLE for that, both regions in one file. */
export const memoryTable = words(
  ...[2, 0],
  ...[LAYOUT.guest, LAYOUT.size, LAYOUT.user, 0].map(BigInt),
  ...[LAYOUT.poolGuest, LAYOUT.poolSize, LAYOUT.poolUser, LAYOUT.size].map(BigInt),
)

const partsAt = (queue: number) => {
  const at = queue * 0x800
  return { descriptors: at, available: at + 0x200, used: at + 0x300 }
}

/** The payload of SET_VRING_ADDR. */
export function ringAddresses(queue: number): Uint8Array {
  const { descriptors, available, used } = partsAt(queue)
  const user = (offset: number): bigint => BigInt(LAYOUT.user + offset)
  return words(queue, 0, user(descriptors), user(used), user(available), 0n)
}

/** The driver in the guest: our host role over the front-end's own view of the memory. */
export function driver(
  file: ArrayBuffer | SharedArrayBuffer,
  notify: (queue: number) => void,
  features = 1 + 2 ** 29,
): RpmsgDevice {
  const { guest, size, poolGuest, poolSize } = LAYOUT
  const region = new Region({ name: 'rings', da: guest, size, buffer: file })
  const pool = new Region({
    name: 'pool',
    da: poolGuest,
    size: poolSize,
    buffer: file,
    offset: size,
  })
  const transport: VirtioTransport = {
    deviceId: 7,
    deviceFeatures: features,
    driverFeatures: 0,
    status: 0,
    queues: [0, 1].map((queue) => {
      const at = partsAt(queue)
      const parts = {
        descriptors: { region, offset: at.descriptors },
        available: { region, offset: at.available },
        used: { region, offset: at.used },
      }
      return {
        ring: () => new Vring(NUM, parts, `driver's vring ${queue}`),
        notify: () => notify(queue),
      }
    }),
  }
  const host = new VirtioRpmsgHost({
    transport,
    pool: { region: pool, offset: 0, size: poolSize },
    features,
  })
  return new RpmsgDevice(host, { waits: new Waits(new WallClock()), acknowledge: false })
}

/** What brings two queues up, in the order of User-Mode Linux. */
export function bringUp(): readonly (readonly [RequestName, Uint8Array])[] {
  return [0, 1].flatMap((queue): (readonly [RequestName, Uint8Array])[] => [
    ['SET_VRING_NUM', words(queue, NUM)],
    ['SET_VRING_BASE', words(queue, 0)],
    ['SET_VRING_ADDR', ringAddresses(queue)],
  ])
}

/** A file of the front-end's for tests without a kernel: memory, and an event. */
export class FakeFile implements Descriptor {
  readonly memory: ArrayBuffer
  closed = 0
  mapped = 0
  released = 0
  /** Signals by the back-end, and what it has sent. */
  signals = 0
  readonly sent: Uint8Array[] = []
  /** Set to make `send` find no room. */
  full = false
  drained: () => void = () => {}
  /** Called on each signal and message of the back-end's. */
  onNews: () => void = () => {}
  /** What the front-end signals through. */
  raise: () => void = () => {}
  break: (error: Error) => void = () => {}

  constructor(memory = new ArrayBuffer(0)) {
    this.memory = memory
  }

  map(offset: number, size: number): Mapping {
    if (offset + size > this.memory.byteLength) {
      throw new OpenampError('ERR_PEER', 'beyond the file')
    }
    this.mapped++
    return {
      view: (at) => ({ buffer: this.memory, offset: offset + at }),
      release: () => void this.released++,
    }
  }

  watch(signalled: () => void, failed: (error: Error) => void): void {
    this.raise = () => {
      if (this.closed === 0) signalled()
    }
    this.break = failed
  }

  signal(): void {
    this.signals++
    this.onNews()
  }

  send(bytes: Uint8Array, drained: () => void): boolean {
    this.drained = drained
    if (this.full) return false
    this.sent.push(bytes)
    this.onNews()
    return true
  }

  close(): void {
    this.closed++
  }
}
