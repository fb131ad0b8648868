import { hex } from '../../base/errors.js'
import type { ResourceEntry, ResourceTable, VdevEntry } from '../../firmware/index.js'
import { legacyLayout } from '../../virtio/index.js'

// What Linux's remoteproc_debugfs.c prints, line by line.

const TYPES = { carveout: 0, devmem: 1, trace: 2, vdev: 3 } as const
const PAGE = 4096

/** As %d prints a word of 32 bits. */
const signed = (value: number): number => value | 0
const reserved = 'Reserved (should be zero)'

/** `resource_table`: as the table stands in the memory of the remote. */
export function resourceTableText(table: ResourceTable | undefined): string {
  if (table === undefined) return 'No resource table found\n'
  return table.entries.map(entryText).join('')
}

function entryText(entry: ResourceEntry): string {
  if (!(entry.kind in TYPES)) {
    const type = 'type' in entry ? entry.type : 0
    return `Unknown resource type found: ${type} [hdr: ${pointer}]\n`
  }
  const head = `Entry ${entry.index} is of type ${entry.kind}\n`
  switch (entry.kind) {
    case 'carveout':
    case 'devmem':
      return (
        head +
        lines(2, [
          `Device Address ${hex(entry.da)}`,
          `Physical Address ${hex(entry.pa)}`,
          `Length ${hex(entry.len)} Bytes`,
          `Flags ${hex(entry.flags)}`,
          `${reserved} [0]`,
          `Name ${entry.name}`,
        ])
      )
    case 'trace':
      return (
        head +
        lines(2, [
          `Device Address ${hex(entry.da)}`,
          `Length ${hex(entry.len)} Bytes`,
          `${reserved} [0]`,
          `Name ${entry.name}`,
        ])
      )
    case 'vdev':
      return head + vdevText(entry)
    default:
      return head
  }
}

function vdevText(entry: VdevEntry): string {
  const vrings = entry.vrings.map(
    ({ index, da, align, num, notifyid, pa }) =>
      `  Vring ${index}\n` +
      lines(4, [
        `Device Address ${hex(da)}`,
        `Alignment ${signed(align)}`,
        `Number of buffers ${signed(num)}`,
        `Notify ID ${signed(notifyid)}`,
        `Physical Address ${hex(pa)}`,
      ]),
  )
  return (
    lines(2, [
      `ID ${signed(entry.id)}`,
      `Notify ID ${signed(entry.notifyid)}`,
      `Device features ${hex(entry.dfeatures)}`,
      `Guest features ${hex(entry.gfeatures)}`,
      `Config length ${hex(entry.configLen)}`,
      `Status ${hex(entry.status)}`,
      `Number of vrings ${entry.vrings.length}`,
      `${reserved} [0][0]`,
    ]) + vrings.join('')
  )
}

/** Indented, with an empty line behind them. */
const lines = (indent: number, all: readonly string[]): string =>
  `${all.map((line) => `${' '.repeat(indent)}${line}\n`).join('')}\n`

/** Where something is in the kernel, as it is shown where kptr_restrict keeps it from everybody. */
const pointer = '0'.repeat(16)

/** `carveout_memories`: carve-outs of the table, and the rings, in the order in which Linux makes them. */
export function carveoutsText(table: ResourceTable | undefined): string {
  if (table === undefined) return ''
  const memories = table.entries.flatMap((entry) => {
    if (entry.kind === 'carveout') return [{ name: entry.name, da: entry.da, size: entry.len }]
    if (entry.kind !== 'vdev') return []
    return entry.vrings.map(({ index, da, num, align }) => ({
      name: `vdev${entry.vdev}vring${index}`,
      da,
      size: Math.ceil(legacyLayout(num, align).size / PAGE) * PAGE,
    }))
  })
  return memories
    .map(({ name, da, size }) => {
      const fields = [
        `Name: ${name}`,
        `Virtual address: ${pointer}`,
        `DMA address: ${hex(da, 16)}`,
        `Device address: ${hex(da)}`,
        `Length: ${hex(size)} Bytes`,
      ]
      return `Carveout memory entry:\n${fields.map((field) => `\t${field}\n`).join('')}\n`
    })
    .join('')
}
