import type { RpmsgEvent } from '../rpmsg/index.js'

/** Where a remote processor is in its life (struct remoteproc's state in OpenAMP). */
export type RemoteprocState = 'offline' | 'ready' | 'running' | 'stopped' | 'crashed'

/** Why a running remote has stopped. */
export type StopReason =
  /** `shutdown` was called and the remote has acknowledged it */
  | 'acknowledged'
  /** `shutdown` was called; the remote did not answer before the deadline, and was reset */
  | 'reset'
  /** the remote powered itself off */
  | 'exited'

/** What happens to a remote processor, for observers. `time` is the clock's, in nanoseconds. */
export type RemoteprocEvent = { readonly time: number } & (
  | { readonly type: 'loaded'; readonly firmware: string; readonly entry: number }
  | { readonly type: 'booted' }
  | { readonly type: 'trace'; readonly buffer: string; readonly text: string }
  | { readonly type: 'console'; readonly text: string }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'crashed'; readonly reason: string }
  | { readonly type: 'stopped'; readonly reason: StopReason }
  | RpmsgEvent
)

/** An event without its time, which is set where it is emitted. */
export type Untimed<E> = E extends unknown ? Omit<E, 'time'> : never
