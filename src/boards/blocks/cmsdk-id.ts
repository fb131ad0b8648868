/** Offset of the first identification register, PID4; the others follow, a word each. */
const PID4 = 0xfd0

/**
 * The identification registers of a block of Arm's Cortex-M System Design Kit (DDI 0479).
 * @param part the lower byte of its part number
 * @returns undefined where `offset` is none of them
 */
export function cmsdkId(part: number, offset: number): number | undefined {
  const ids = [0x04, 0, 0, 0, part, 0xb8, 0x1b, 0, 0x0d, 0xf0, 0x05, 0xb1]
  return ids[(offset - PID4) / 4]
}
