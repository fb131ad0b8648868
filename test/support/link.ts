import type { Channel, ChannelOptions } from '../../src/rpmsg/index.js'
import {
  type RpmsgLoopback,
  type RpmsgLoopbackOptions,
  rpmsgLoopback,
} from '../../src/rpmsg/loopback.js'

export interface Link extends RpmsgLoopback {
  /** Delivers the notifications that are on their way, and those that follow from them. */
  deliver(): void
}

/** Host and remote over one memory; a notification arrives when the test delivers it. */
export function link(options: RpmsgLoopbackOptions = {}): Link {
  const underWay: (() => void)[] = []
  const loopback = rpmsgLoopback({
    pa: 0x4000_0000,
    schedule: (deliver) => underWay.push(deliver),
    ...options,
  })
  const deliver = (): void => {
    for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) next()
  }
  deliver()
  return { ...loopback, deliver }
}

export interface Connected extends Link {
  /** The host's channel. */
  readonly here: Channel
  /** The remote's channel. */
  readonly there: Channel
}

export interface ConnectedOptions extends RpmsgLoopbackOptions {
  /** Of the host's channel, and of the remote's. */
  readonly here?: ChannelOptions
  readonly there?: ChannelOptions
}

/** A link with one channel, bound at both ends. */
export async function connected(options: ConnectedOptions = {}): Promise<Connected> {
  const all = link(options)
  const there = all.remote.announce('echo', options.there)
  all.deliver()
  const here = await all.host.channel('echo', options.here)
  all.deliver()
  return { ...all, here, there }
}

/** Lets everything that waits for nothing but promises run. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

/** `length` bytes that differ from one `seed` to the next. */
export function pattern(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff)
}
