import { setTimeout as delay } from 'node:timers/promises'

/** Tells the test outside: one line of JSON for each thing tried, and what came of it. */
export function say(name: string, value: unknown): void {
  console.log(`@${JSON.stringify([name, value])}`)
}

/** Within this time all comes that comes at all, however busy the machine is that the guest runs on. */
export const SECONDS = 60

/** Waits, a hundredth of a second at a time: sysfs and devtmpfs tell nobody of what comes and goes. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const begun = performance.now()
  while (!condition()) {
    if (performance.now() - begun > SECONDS * 1000) throw new Error(`no ${what}`)
    await delay(10)
  }
}
