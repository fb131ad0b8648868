import { hex } from '../base/errors.js'
import {
  type Finding,
  type FirmwareImage,
  printable,
  type ResourceEntry,
  type ResourceTable,
  sectionTypeName,
  segmentTypeName,
  type VdevEntry,
} from '../firmware/index.js'
import {
  address,
  deviceName,
  featureNames,
  notifyId,
  sectionFlags,
  segmentFlags,
  sizeBoth,
  statusNames,
} from './inspect-names.js'
import type { Paint } from './paint.js'
import { wrap } from './wrap.js'

/** Columns that the longest lines are broken to. */
const width = 96
/** Bytes of a vendor's or unknown entry that are shown. */
const mostBytes = 128

/**
 * What `openamp inspect` prints about an image: what it is, segments, sections, the resource table
 * with every entry decoded, and the findings last, where the eye ends up.
 * @param table undefined where the image has none, or a malformed one (which is among the findings)
 * @returns lines, each ended by a newline
 */
export function formatInspect(
  image: FirmwareImage,
  table: ResourceTable | undefined,
  findings: readonly Finding[],
  paint: Paint,
): string {
  const parts = [
    header(image, paint),
    segments(image, paint),
    sections(image, paint),
    resourceTable(table, paint),
    findingLines(findings, paint),
  ]
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function header(image: FirmwareImage, paint: Paint): string[] {
  const place = image.functionAt(image.entry)
  const symbol = place === undefined ? '' : ` <${printable(place.name)}${plus(place.offset)}>`
  const bytes = image.loadable.reduce((sum, { memsz }) => sum + memsz, 0)
  const what =
    image.format === 'ELF'
      ? `ELF${image.bits} ${image.machineName} ${image.typeName}`
      : `${image.format} for ${image.machineName}, ${sizeBoth(bytes)}`
  return [
    paint.bold(printable(image.name)),
    `  ${what}, entry ${paint.cyan(hex(image.entry, 8))}${symbol}`,
  ]
}

function plus(offset: number): string {
  return offset === 0 ? '' : `+${hex(offset)}`
}

function segments(image: FirmwareImage, paint: Paint): string[] {
  const rows = image.segments.map((segment) => {
    const loaded = image.loadable.includes(segment)
    const moved = segment.vaddr !== segment.paddr
    return {
      cells: [
        String(segment.index),
        segmentTypeName(segment.type, image.machine),
        hex(segment.paddr, 8),
        moved ? hex(segment.vaddr, 8) : 'same',
        segmentFlags(segment.flags),
        hex(segment.filesz),
        sizeBoth(segment.memsz),
      ],
      mark: loaded ? undefined : paint.dim,
    }
  })
  const head = ['#', 'type', 'loaded at', 'linked at', 'flags', 'in file', 'in memory']
  return [paint.bold('Segments'), ...columns(head, rows, paint)]
}

function sections(image: FirmwareImage, paint: Paint): string[] {
  const allocated = image.sections.filter((section) => (section.flags & 2) !== 0)
  const others = image.sections.length - allocated.length
  const title = paint.bold('Sections')
  if (image.sections.length === 0)
    return [
      title,
      `  none: ${image.format === 'ELF' ? 'the file has no section headers' : `a ${image.format} has none`}`,
    ]
  const rows = allocated.map((section) => ({
    cells: [
      cut(printable(section.name) || '-', 40),
      sectionTypeName(section.type),
      hex(section.addr, 8),
      sectionFlags(section.flags),
      sizeBoth(section.size),
    ],
    mark: undefined,
  }))
  const more = others === 0 ? [] : [paint.dim(`  and ${others} that take no memory`)]
  return [title, ...columns(['name', 'type', 'address', 'flags', 'size'], rows, paint), ...more]
}

function resourceTable(table: ResourceTable | undefined, paint: Paint): string[] {
  const title = paint.bold('Resource table')
  if (table === undefined) return [title, '  none that can be used']
  const { da, entries, bytes } = table
  const place = da === undefined ? '' : ` at ${paint.cyan(hex(da, 8))}`
  const count = `${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}`
  const origin = table.origin === 'section' ? ', section .resource_table' : ''
  return [
    `${title}${place}, version 1, ${count}, ${sizeBoth(bytes.length)}${origin}`,
    ...entries.flatMap((entry) => entryLines(entry, paint)),
  ]
}

function entryLines(entry: ResourceEntry, paint: Paint): string[] {
  const line = (kind: string, name: string, rest: string): string =>
    `  ${String(entry.index).padStart(2)}  ${paint.green(kind.padEnd(8))}  ${rest}${name === '' ? '' : `  ${paint.bold(printable(name))}`}`
  switch (entry.kind) {
    case 'carveout':
    case 'devmem': {
      const place = `da ${address(entry.da).padEnd(10)}  pa ${address(entry.pa).padEnd(10)}`
      const flags = entry.flags === 0 ? '' : `  flags ${hex(entry.flags)}`
      return [line(entry.kind, entry.name, `${place}  ${sizeBoth(entry.len)}${flags}`)]
    }
    case 'trace': {
      const place = `da ${address(entry.da).padEnd(10)}  ${' '.repeat(13)}`
      return [line('trace', entry.name, `${place}  ${sizeBoth(entry.len)}`)]
    }
    case 'vdev':
      return [
        line(`vdev ${entry.vdev}`, '', paint.bold(deviceName(entry.id))),
        ...vdevLines(entry, paint),
      ]
    case 'vendor':
    case 'unknown': {
      const { kind, bytes } = entry
      const [first = '', ...more] = hexRows(bytes)
      const rest = `type ${entry.type}, ${bytes.length} bytes: `
      const indent = ' '.repeat(16 + rest.length)
      return [line(kind, '', rest + first), ...more.map((row) => indent + row)]
    }
  }
}

function vdevLines(vdev: VdevEntry, paint: Paint): string[] {
  const indent = ' '.repeat(16)
  const set = (digits: number, value: number, names: readonly string[]): string =>
    `${hex(value, digits)}  ${names.length === 0 ? paint.dim('none') : names.join(', ')}`
  const rings = vdev.vrings.map((vring) => ({
    cells: [
      `vring ${vring.index}`,
      `da ${address(vring.da)}`,
      `${vring.num} entries`,
      `align ${hex(vring.align)}`,
      `notify id ${notifyId(vring.notifyid)}`,
      vdev.id === 7 && vring.index < 2 ? (vring.index === 0 ? 'to host' : 'to remote') : '',
    ],
    mark: undefined,
  }))
  return [
    `${indent}notify id ${notifyId(vdev.notifyid)}, config space ${vdev.configLen} bytes`,
    `${indent}dfeatures ${set(8, vdev.dfeatures, featureNames(vdev.id, vdev.dfeatures))}`,
    `${indent}gfeatures ${set(8, vdev.gfeatures, featureNames(vdev.id, vdev.gfeatures))}`,
    `${indent}status    ${set(2, vdev.status, statusNames(vdev.status))}`,
    ...columns(undefined, rings, paint).map((line) => ' '.repeat(14) + line),
  ]
}

function findingLines(findings: readonly Finding[], paint: Paint): string[] {
  const title = paint.bold('Findings')
  if (findings.length === 0) return [title, `  ${paint.green('nothing wrong found')}`]
  const marks = { error: paint.red, warning: paint.yellow, note: paint.dim }
  const order = { error: 0, warning: 1, note: 2 }
  const sorted = [...findings].sort((a, b) => order[a.severity] - order[b.severity])
  return [
    title,
    ...sorted.flatMap(({ severity, where, message }) => {
      const [first = '', ...rest] = wrap(`${where}: ${message}`, width - 11)
      const mark = marks[severity](severity.padEnd(7))
      return [`  ${mark}  ${first}`, ...rest.map((line) => ' '.repeat(11) + line)]
    }),
  ]
}

interface Row {
  readonly cells: readonly string[]
  readonly mark: ((text: string) => string) | undefined
}

/** Lines with the cells in columns, two spaces apart and indented by two. */
function columns(
  head: readonly string[] | undefined,
  rows: readonly Row[],
  paint: Paint,
): string[] {
  const all = head === undefined ? rows : [{ cells: head, mark: paint.dim }, ...rows]
  const widths: number[] = []
  for (const { cells } of all) {
    cells.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  }
  return all.map(({ cells, mark }) => {
    const text = cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
    return `  ${mark === undefined ? text : mark(text)}`
  })
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}

/** Bytes as rows of 16; of many the first rows, and how many more there are. */
function hexRows(bytes: Uint8Array): string[] {
  const rows: string[] = []
  for (let at = 0; at < Math.min(bytes.length, mostBytes); at += 16) {
    const row = Array.from(bytes.subarray(at, at + 16), (byte) =>
      byte.toString(16).padStart(2, '0'),
    )
    rows.push(row.join(' '))
  }
  if (bytes.length > mostBytes) rows.push(`and ${bytes.length - mostBytes} more; --json has all`)
  return rows
}
