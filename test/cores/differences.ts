/** What two judges have run alike: records of words, one a case. */
interface Compared {
  readonly cases: readonly { readonly name: string; readonly ignore?: readonly string[] }[]
  /** The words of a record, in order. */
  readonly fields: readonly string[]
  recordOffset(index: number): number
}

/** One line for each field of each case in which the two differ. */
export function differences(image: Compared, qemu: Uint8Array, core: Uint8Array): string[] {
  const lines: string[] = []
  const left = new DataView(qemu.buffer, qemu.byteOffset)
  const right = new DataView(core.buffer, core.byteOffset)
  image.cases.forEach(({ name, ignore }, index) => {
    image.fields.forEach((field, i) => {
      const at = image.recordOffset(index) + 4 * i
      const expected = left.getUint32(at, true)
      const found = right.getUint32(at, true)
      if (expected !== found && !ignore?.includes(field)) {
        lines.push(
          `${name}: ${field} is 0x${expected.toString(16)} on QEMU, 0x${found.toString(16)} here`,
        )
      }
    })
  })
  return lines
}
