import { hex, isOpenampError } from '../../base/errors.js'
import { EM_ARM, EM_NONE, machineName, PF_X, SHF_ALLOC } from '../elf-defs.js'
import type { Finding } from '../finding.js'
import type { FirmwareImage, Segment } from '../image.js'
import { checkEntries } from './check-entries.js'
import { tableSection } from './defs.js'
import { holds, type MemoryRange, memoryList, span } from './range.js'
import { type FindTableOptions, imageResourceTable } from './read.js'
import type { ResourceTable } from './table.js'

/** What an image is checked against; what is not given is not checked. */
export interface CheckTarget {
  /** The core that is to run it: e_machine and ELF class. */
  readonly architecture?: { readonly machine: number; readonly bits: 32 | 64 } | undefined
  /** The memory of the remote, by device address. */
  readonly regions?: readonly MemoryRange[] | undefined
}

/** A table, if there is a sound one, and everything there is to say about the image. */
export interface Examination {
  readonly table: ResourceTable | undefined
  readonly findings: readonly Finding[]
}

/**
 * Reads the resource table and checks image and table; a malformed table is a finding here, so that
 * the rest of the image can still be shown.
 */
export function examineImage(
  image: FirmwareImage,
  target: CheckTarget & FindTableOptions = {},
): Examination {
  try {
    const table = imageResourceTable(image, target)
    return { table, findings: checkImage(image, table, target) }
  } catch (error) {
    if (!isOpenampError(error, 'ERR_RESOURCE_TABLE')) throw error
    const message = error.message.replace(`${image.name}: `, '')
    const malformed: Finding = { severity: 'error', where: 'resource table', message }
    return { table: undefined, findings: [...imageFindings(image, target), malformed] }
  }
}

/**
 * Everything that is wrong or odd about an image and its resource table, the image first. The table
 * is that of `imageResourceTable`; undefined says that the image has none.
 */
export function checkImage(
  image: FirmwareImage,
  table: ResourceTable | undefined,
  target: CheckTarget = {},
): Finding[] {
  const findings = imageFindings(image, target)
  if (table === undefined) return [...findings, missingTable(image)]
  return [
    ...findings,
    ...table.findings,
    ...checkTablePlace(image, table, target.regions),
    ...checkEntries(table, image.loadable, target.regions),
  ]
}

function imageFindings(image: FirmwareImage, { architecture, regions }: CheckTarget): Finding[] {
  const findings: Finding[] = []
  if (
    architecture !== undefined &&
    image.machine !== EM_NONE &&
    (image.machine !== architecture.machine || image.bits !== architecture.bits)
  ) {
    findings.push({
      severity: 'error',
      where: 'ELF header',
      message: `the image is for ${image.machineName}, ${image.bits} bit; the core is ${machineName(architecture.machine)}, ${architecture.bits} bit`,
    })
  }
  findings.push(...image.findings)
  if (regions !== undefined) {
    for (const segment of image.loadable) {
      const range = { da: segment.paddr, size: segment.memsz }
      if (regions.some((region) => holds(region, range))) continue
      findings.push({
        severity: 'error',
        where: `segment ${segment.index}`,
        message: `${span(range)} is outside memory (${memoryList(regions)})${headerHint(image, segment)}`,
      })
    }
  }
  return [...findings, ...checkEntryPoint(image)]
}

// Linkers put the file's own headers into the first segment unless told to leave them out, which
// moves its start below the address that the linker script names.
function headerHint(image: FirmwareImage, segment: Segment): string {
  const headersInside = segment.offset === 0 && segment.filesz > 0
  if (!headersInside || image.entry < segment.vaddr) return ''
  return '; it begins with the ELF header itself: link with -Wl,--nmagic to leave the headers out'
}

function checkEntryPoint(image: FirmwareImage): Finding[] {
  const entry = image.machine === EM_ARM ? image.entry - (image.entry % 2) : image.entry
  const inside = image.loadable.filter(({ vaddr, paddr, memsz }) =>
    [vaddr, paddr].some((start) => entry >= start && entry < start + memsz),
  )
  if (inside.some((segment) => (segment.flags & PF_X) !== 0)) return []
  const where = `entry ${hex(image.entry, 8)}`
  const segment = inside[0]
  if (segment !== undefined) {
    const message = `lies in segment ${segment.index}, which is not executable`
    return [{ severity: 'warning', where, message }]
  }
  // A Cortex-M core starts from its vector table, so it may get by with a wrong entry.
  const severity = image.machine === EM_ARM ? 'warning' : 'error'
  return [{ severity, where, message: 'lies in no loadable segment: nothing is there to run' }]
}

const usualSymbols = ['resource_table', 'resources', 'rsc_table', 'rproc_resource', 'resource_tbl']

function missingTable(image: FirmwareImage): Finding {
  const why =
    image.sections.length === 0
      ? 'none can be found: the file has no section headers'
      : `the image has no section ${tableSection}`
  const candidate = usualSymbols
    .map((name) => image.symbol(name))
    .find((symbol) => symbol !== undefined)
  const hint =
    candidate === undefined
      ? ''
      : `; its symbol ${candidate.name} at ${hex(candidate.address, 8)} may be one, outside the section`
  return {
    severity: 'warning',
    where: 'resource table',
    message: `${why}, so a host sees no virtio device in it and no channel appears (RPMsg-Lite images have none by design)${hint}`,
  }
}

function checkTablePlace(
  image: FirmwareImage,
  table: ResourceTable,
  regions: readonly MemoryRange[] | undefined,
): Finding[] {
  const findings: Finding[] = []
  const { da } = table
  if (da === undefined) return findings
  const add = (severity: Finding['severity'], message: string): void => {
    findings.push({ severity, where: 'resource table', message })
  }
  const range = { da, size: table.bytes.length }
  if (regions !== undefined && !regions.some((region) => holds(region, range))) {
    add(
      'error',
      `${span(range)} is outside memory (${memoryList(regions)}): the host cannot write its answers, the remote never sees DRIVER_OK`,
    )
  }
  const section = image.section(tableSection)
  if (table.origin !== 'section' || section === undefined) return findings
  if (image.sections.filter(({ name }) => name === tableSection).length > 1) {
    add('warning', `there are several sections ${tableSection}; hosts take the first`)
  }
  if ((section.flags & SHF_ALLOC) === 0) {
    add(
      'error',
      `section ${tableSection} is not allocated (flag A): the running remote has no table at ${hex(da, 8)}`,
    )
    return findings
  }
  const carrier = image.loadable.find(
    ({ offset, filesz }) =>
      section.offset >= offset && section.offset + section.size <= offset + filesz,
  )
  if (carrier === undefined) {
    add(
      'warning',
      `no loadable segment brings it to ${hex(da, 8)}: the remote has a table there only once the host has written it`,
    )
    return findings
  }
  const loaded = carrier.paddr + section.offset - carrier.offset
  if (loaded !== da) {
    add(
      'warning',
      `segment ${carrier.index} loads it at ${hex(loaded, 8)}, but the host writes its answers at the section's address ${hex(da, 8)}: start-up code that copies it there wipes them`,
    )
  }
  return findings
}
