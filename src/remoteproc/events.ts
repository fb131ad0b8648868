import type { RpmsgEvent } from '../rpmsg/index.js'
import type { Crash } from './crash.js'

/**
 * Where a remote processor is in its life (struct remoteproc's state in OpenAMP, enum rproc_state in
 * Linux). `detached`: it runs, and this host has nothing to do with it just now.
 */
export type RemoteprocState =
  | 'offline'
  | 'ready'
  | 'running'
  | 'suspended'
  | 'detached'
  | 'stopped'
  | 'crashed'

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
  | { readonly type: 'attached' }
  /** `acknowledged`: the remote has said that it knows */
  | { readonly type: 'detached'; readonly acknowledged: boolean }
  | { readonly type: 'suspended' }
  | { readonly type: 'resumed' }
  | { readonly type: 'trace'; readonly buffer: string; readonly text: string }
  | { readonly type: 'console'; readonly text: string }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'crashed'; readonly reason: string; readonly crash: Crash }
  /** the dump of the last crash, of `size` bytes, was written */
  | { readonly type: 'coredump'; readonly size: number }
  /** the remote will be booted again in `delay` ms; `attempt` counts the crashes in a row */
  | { readonly type: 'recovering'; readonly attempt: number; readonly delay: number }
  /** it could not be booted again, and stays as it is */
  | { readonly type: 'recovery failed'; readonly reason: string }
  | { readonly type: 'stopped'; readonly reason: StopReason }
  | RpmsgEvent
)

/** An event without its time, which is set where it is emitted. */
export type Untimed<E> = E extends unknown ? Omit<E, 'time'> : never
