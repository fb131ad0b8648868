import type { Outcome } from './machines.js'
import { CASE, EVENT, NOTE, recordFields, type SystemCase } from './runtime.js'

/** What one case has left in the log: lines that can be compared, and read. */
export type CaseLog = readonly string[]

/**
 * The log by cases.
 * @throws where the machine has not come to the end, with the case that it ended in
 */
export function readLog({ log, failure }: Outcome, cases: readonly SystemCase[]): CaseLog[] {
  const words = new Uint32Array(log.buffer, log.byteOffset, log.length / 4)
  const logs: string[][] = []
  for (let at = 0; ; ) {
    const word = words[at] ?? 0
    const current = logs[logs.length - 1]
    if (word >>> 16 === CASE && (word & 0xffff) < cases.length) {
      logs.push([])
      at += 1
    } else if (word >>> 16 === EVENT) {
      recordFields.forEach((field, i) => {
        current?.push(`${field}: ${(words[at + i] ?? 0).toString(16)}`)
      })
      at += recordFields.length
    } else if (word >>> 16 === NOTE) {
      current?.push(`noted: ${(words[at + 1] ?? 0).toString(16)}`)
      at += 2
    } else {
      if (word >>> 16 === CASE && failure === undefined) return logs
      const last = cases[logs.length - 1]?.name ?? 'the beginning'
      throw new Error(`in "${last}", after ${current?.slice(-50).join(', ')}: ${failure}`)
    }
  }
}
