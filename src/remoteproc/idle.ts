import type { WaitKind, Waits } from '../base/waits.js'
import { idleForEver } from './diagnosis.js'
import { type Link, lastLook } from './links.js'
import type { Processor } from './machine.js'

/** What only the remote can end. A message may still come, as the answer to one of a person's. */
const REMOTE_ALONE: readonly WaitKind[] = ['announcement', 'buffer', 'shutdown', 'end']

/**
 * The remote waits with no timer armed. Whoever waits for it is told so; but where a person or a
 * program may still send something, waiting for the answer is no mistake.
 */
export function idle(processor: Processor, waits: Waits, links: readonly Link[]): void {
  if (lastLook(links)) {
    // Whoever gets that may have an answer; if not, the machine says again that it is idle.
    processor.wake()
    return
  }
  const announcements = links.flatMap(({ device }) => device.announcements)
  const kinds = processor.deterministic ? undefined : REMOTE_ALONE
  waits.rejectAll((what) => idleForEver(what, announcements), kinds)
}
