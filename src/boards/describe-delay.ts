import { hex } from '../base/errors.js'
import type { DelayNote } from '../cores/delay/delay-loops.js'

/** One line about a loop that waits. @param clock the core's cycles per second */
export function describeDelay(
  { pc, rounds, length, memory, within }: DelayNote,
  clock: number,
): string {
  const place = within === undefined ? '' : ` ${within}`
  const at = `at pc ${hex(pc, 8)}${place}`
  if (rounds !== Number.POSITIVE_INFINITY) {
    const time = duration((rounds * length) / clock)
    return `delay loop ${at}: ${rounds.toLocaleString('en-US')} iterations, ${time}, skipped in virtual time`
  }
  return memory
    ? `loop ${at}: waits for memory to change without sleeping; skipped in virtual time`
    : `endless loop ${at}: only an interrupt leads out of it; skipped in virtual time`
}

function duration(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`
}
