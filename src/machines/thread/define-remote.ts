import type { Clock } from '../../base/clock.js'
import type { WaitStyle } from '../../base/doorbell.js'
import type { EntrySpec } from '../../firmware/index.js'
import type { Remote } from '../../remoteproc/remote.js'
import { VIRTIO_FEATURE } from '../../virtio/index.js'

/** For all copies of this package: the module may have imported another than the machine. */
const REMOTE: unique symbol = Symbol.for('openamp.remote')

/** What a remote of `thread` has around it. */
export interface RemoteContext {
  /** Its end of the link: `await remote.whenReady()` gives the RPMsg device. */
  readonly remote: Remote
  readonly clock: Clock
  /** What the host gave `thread` as `data`. */
  readonly data: unknown
  /**
   * Aborted when the host asks the remote to come to an end. After its listeners the endpoints are
   * closed; once `main` has returned the host is told.
   */
  readonly shutdown: AbortSignal
  /** Writes to the remote's console, an event for the host's observers. */
  print(text: string): void
  /** Powers the remote off. */
  exit(): void
}

export interface RemoteOptions {
  /**
   * The resource table: one RPMsg device of two rings of 256 buffers unless given. Addresses and
   * notify ids that are left open are the host's choice.
   */
  readonly resourceTable?: readonly EntrySpec[]
  /** How the remote's end waits for the host's; 'sleep' unless given. */
  readonly wait?: WaitStyle
  /** Send what `send` is given in one turn of the event loop under one kick; on unless given. */
  readonly coalesce?: boolean
  /**
   * The remote's program. It may return and leave endpoints and timers behind; the remote lives on
   * until it is stopped, calls `exit`, or crashes: by an error that nobody catches, a rejection that
   * nobody handles, `process.exit`.
   */
  readonly main: (context: RemoteContext) => void | Promise<void>
}

/** A remote as its module exports it. */
export interface RemoteDefinition {
  readonly [REMOTE]: true
  readonly resourceTable: readonly EntrySpec[]
  readonly wait: WaitStyle
  readonly coalesce: boolean
  readonly main: (context: RemoteContext) => void | Promise<void>
}

/** Descriptors in each ring of the default table. */
const RING = { num: 256, align: 4096 }

/**
 * The RPMsg device that remotes in threads have unless they say otherwise. It offers the event index,
 * which a host accepts from remotes of this library alone.
 */
export const rpmsgVdev: EntrySpec = {
  kind: 'vdev',
  dfeatures: (1 << VIRTIO_FEATURE.RPMSG_NS) | (1 << VIRTIO_FEATURE.RING_EVENT_IDX),
  vrings: [RING, RING],
}

/**
 * A remote processor that is a TypeScript module in a thread of its own; the default export of that
 * module, whose URL is given to `thread`.
 *
 * @example
 * export default defineRemote({
 *   main: async ({ remote }) => {
 *     const channel = (await remote.whenReady()).announce('echo')
 *     for await (const message of channel) await channel.send(message.data)
 *   },
 * })
 */
export function defineRemote(options: RemoteOptions): RemoteDefinition {
  return {
    [REMOTE]: true,
    resourceTable: options.resourceTable ?? [rpmsgVdev],
    wait: options.wait ?? 'sleep',
    coalesce: options.coalesce ?? true,
    main: options.main,
  }
}

export function isRemoteDefinition(value: unknown): value is RemoteDefinition {
  return typeof value === 'object' && value !== null && REMOTE in value
}
