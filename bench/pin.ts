import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'

/**
 * Keeps this process on one core, or lets it go. The kernel takes whoever rings for about to sleep, and
 * wakes the other end on the same core: two ends that spin would share it. Needs `taskset`.
 */
export function pin(core: 0 | 1 | 'any'): void {
  const cores = core === 'any' ? `0-${cpus().length - 1}` : String(core)
  try {
    execFileSync('taskset', ['-acp', cores, String(process.pid)], { stdio: 'ignore' })
  } catch {
    // As it is, then.
  }
}
