import type { Clock } from '../base/clock.js'
import type { RpmsgDevice } from '../rpmsg/index.js'
import { type HeartbeatOptions, startHeartbeat } from './heartbeat.js'

/** Milliseconds between looks at trace buffers. */
const TRACE_PERIOD = 200

export interface UnnoticedOptions {
  readonly clock: Clock
  readonly device: RpmsgDevice
  readonly heartbeat: HeartbeatOptions | undefined
  /** Looks at the trace buffers; undefined where there are none. */
  readonly look: (() => void) | undefined
  /** No heartbeat has come. */
  readonly dead: (reason: string) => void
}

/** Follows, for one life, what a kernel gives no notice of. @returns ends it */
export function followUnnoticed(options: UnnoticedOptions): () => void {
  const { clock, device, heartbeat, look, dead } = options
  let cancel = (): void => {}
  const next = (): void => {
    look?.()
    cancel = clock.after(TRACE_PERIOD, 'deadline', next)
  }
  if (look !== undefined) cancel = clock.after(0, 'deadline', next)
  const end =
    heartbeat === undefined ? (): void => {} : startHeartbeat(heartbeat, { clock }, [device], dead)
  return () => {
    cancel()
    end()
  }
}
