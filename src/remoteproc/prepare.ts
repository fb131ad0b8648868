import { hex, OpenampError } from '../base/errors.js'
import {
  type FirmwareImage,
  imageResourceTable,
  type ReadImageOptions,
  type ResourceTable,
  readResourceTable,
} from '../firmware/index.js'
import type { Location } from '../memory/address-space.js'
import { tableOfRunning } from './attach.js'
import type { BufferOptions } from './buffer-pools.js'
import { planMemory, type VdevPlan } from './carveouts.js'
import { checkFit, loadSegments, locateTable } from './loader.js'
import type { Processor } from './machine.js'
import { hasBuffer } from './named-memory.js'
import { handleResources, type ResourceOptions } from './resources.js'
import { TraceReader } from './trace.js'

/**
 * Where the resource table is: in the section `.resource_table` unless an address is given. For
 * remotes that have none because the layout is agreed (RPMsg-Lite), the bytes of a table that says it
 * (`buildResourceTable`); the host alone uses it. 'none' boots without RPMsg.
 */
export type TableChoice = { readonly address: number } | { readonly bytes: Uint8Array } | 'none'

/** What belongs to an image and is not in it. */
export interface ImageOptions extends ReadImageOptions {
  readonly resourceTable?: TableChoice
}

/** An image on its machine, with everything settled that a boot needs. */
export interface Prepared {
  readonly image: FirmwareImage
  readonly processor: Processor
  /** The private copy of the table, with the host's answers in it. */
  readonly table: ResourceTable | undefined
  readonly tableAt: Location | undefined
  readonly vdevs: readonly VdevPlan[]
  readonly traces: readonly TraceReader[]
  /** What a person should know of the table: one line each. */
  readonly notes: readonly string[]
}

/**
 * Checks that the image fits the machine, finds its table, and gives everything a place. Of a remote
 * that runs, the table is the one in its memory.
 * @throws ERR_IMAGE, ERR_RESOURCE_TABLE, ERR_MEMORY, ERR_NO_SPACE
 */
export function prepare(
  image: FirmwareImage,
  processor: Processor,
  choice: TableChoice | undefined,
  resources: ResourceOptions = {},
  buffers?: BufferOptions,
  running = false,
): Prepared {
  if (!running) checkFit(image, processor)
  const table = findTable(image, processor, choice, running)
  if (table === undefined) {
    return { image, processor, table, tableAt: undefined, vdevs: [], traces: [], notes: [] }
  }
  const notes = handleResources(image.name, table, resources)
  const vdevs = planMemory(image, table, processor, notes, buffers)
  const tableAt = locateTable(image, table, processor)
  const traces = table.entries.flatMap((entry) => {
    if (entry.kind !== 'trace') return []
    if (!hasBuffer(entry)) {
      notes.push(`trace buffer ${entry.name} has no address or no length: nobody follows it`)
      return []
    }
    const what = `${image.name}: trace buffer ${entry.name}`
    const location = processor.space.locate('da', entry.da, entry.len, what)
    return [new TraceReader(entry.name, location, entry.len)]
  })
  return { image, processor, table, tableAt, vdevs, traces, notes }
}

/**
 * What a boot writes before the remote leaves reset: the segments, bss as zeros, and over its place
 * the table with the host's answers.
 */
export function writeToMemory(prepared: Prepared): void {
  loadSegments(prepared.image, prepared.processor)
  writeTable(prepared)
  for (const trace of prepared.traces) trace.restart()
}

/** Writes the table with the host's answers over its place. */
export function writeTable({ table, tableAt }: Prepared): void {
  if (table !== undefined && tableAt !== undefined) {
    tableAt.region.bytes.set(table.bytes, tableAt.offset)
  }
}

function findTable(
  image: FirmwareImage,
  processor: Processor,
  choice: TableChoice | undefined,
  running: boolean,
): ResourceTable | undefined {
  if (choice === 'none') return undefined
  if (choice !== undefined && 'bytes' in choice) {
    return readResourceTable(choice.bytes, `${image.name}: the given resource table`)
  }
  const table = running
    ? tableOfRunning(image, processor, choice)
    : imageResourceTable(image, choice)
  if (table !== undefined) return table
  throw new OpenampError(
    'ERR_RESOURCE_TABLE',
    `${image.name}: it has no section .resource_table (entry ${hex(image.entry, 8)}); ` +
      'give the address of its table (resourceTable, --resource-table), boot it without one ' +
      '(--no-resource-table), or say how its rings lie (rpmsgLite, --flavour rpmsg-lite)',
  )
}
