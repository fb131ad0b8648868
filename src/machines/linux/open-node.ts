import { openSync, statSync } from 'node:fs'
import type { ErrorCode } from '../../base/errors.js'
import { errnoOf, refusal } from './refused-node.js'

/**
 * Milliseconds after which a device is as accessible as it will be: udev has to give one that has just come
 * the owner that its rules say. No event tells when it has done so.
 */
const UDEV_PATIENCE = 3000
const UDEV_LOOK = 10

/**
 * Opens a device. Where that is not allowed, and the device came a moment ago, udev is given the time to
 * allow it, and this thread stands still so long.
 * @throws what the kernel's refusal comes to
 */
export function openPatiently(
  path: string,
  flags: number,
  special: Readonly<Record<string, readonly [ErrorCode, string]>> = {},
): number {
  for (;;) {
    try {
      return openSync(path, flags)
    } catch (error) {
      if (errnoOf(error) !== 'EACCES' || !isFresh(path)) throw refusal(error, path, special)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, UDEV_LOOK)
    }
  }
}

function isFresh(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  const age = Date.now() - (stat?.ctimeMs ?? 0)
  return age >= 0 && age < UDEV_PATIENCE
}
