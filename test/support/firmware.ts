import { buildElf } from '../../src/firmware/build-elf.js'
import { buildResourceTable, type EntrySpec } from '../../src/firmware/index.js'
import { RAM } from './processor.js'

export const TABLE = RAM.da + 0x2000

/** Two rings as most images have them, everything about their place open. */
export const openVdev: EntrySpec = {
  kind: 'vdev',
  dfeatures: 1,
  vrings: [
    { num: 4, align: 16, notifyid: 0 },
    { num: 4, align: 16, notifyid: 1 },
  ],
}

/** An image with a resource table of these entries, and 256 bytes of bss behind its code. */
export function firmwareWith(entries: readonly EntrySpec[] = [openVdev]): Uint8Array {
  const table = buildResourceTable(entries)
  return buildElf({
    entry: RAM.da,
    segments: [
      { vaddr: RAM.da, data: new Uint8Array(64).fill(0x13), memsz: 320 },
      { vaddr: TABLE, data: table },
    ],
    sections: [{ name: '.resource_table', addr: TABLE, size: table.length }],
  })
}
