import { hex, OpenampError } from '../base/errors.js'
import {
  type DevmemEntry,
  isAnyAddress,
  printable,
  type ResourceTable,
  type VendorEntry,
} from '../firmware/index.js'

/**
 * What becomes of a vendor's entry (`handle_rsc` of Linux's rproc_ops and OpenAMP's remoteproc_ops):
 * Linux's RSC_HANDLED and RSC_IGNORED. What it throws refuses the image.
 */
export type HandleRsc = (entry: VendorEntry, context: RscContext) => 'handled' | 'ignored'

export interface RscContext {
  /** The image that the table came with. */
  readonly firmware: string
  /** The host's private copy, as the image has it: nothing is allocated yet. */
  readonly table: ResourceTable
}

/** Registers or memory of the machine that a remote may ask for. */
export interface DevmemRange {
  readonly pa: number
  /** Bytes. */
  readonly size: number
}

/** What the host does with entries that are not for memory, rings or traces. */
export interface ResourceOptions {
  /**
   * Told of each vendor's entry (types 128 to 512), in the order of the table, before memory is
   * given. `entry.bytes`, which follow the type word, are the table's own: what is written there the
   * remote will read. Without a handler, and for entries that it ignores, there is a note.
   */
  readonly handleRsc?: HandleRsc | undefined
  /**
   * The physical memory that `devmem` entries may ask for. An entry outside it is refused; without
   * the list every one is, as Linux does where there is no IOMMU to map them.
   */
  readonly devmem?: readonly DevmemRange[] | undefined
}

/**
 * Goes through the entries that are not given memory, in the order of the table.
 * @returns what was passed over, a line each
 * @throws ERR_RESOURCE_TABLE for a devmem entry that is not allowed, or where the handler threw
 */
export function handleResources(
  firmware: string,
  table: ResourceTable,
  { handleRsc, devmem }: ResourceOptions,
): string[] {
  const notes: string[] = []
  for (const entry of table.entries) {
    const where = `resource table entry ${entry.index}`
    if (entry.kind === 'devmem') requireAllowed(entry, `${firmware}: ${where}`, devmem)
    if (entry.kind === 'vendor') {
      const what = `vendor type ${entry.type}, ${entry.bytes.length} bytes`
      if (handled(entry, `${firmware}: ${where}`, { firmware, table }, handleRsc)) continue
      notes.push(`${where} (${what}) was passed over: nobody handles it`)
    }
    if (entry.kind === 'unknown') {
      notes.push(`${where} was passed over: its type ${hex(entry.type)} is not known`)
    }
  }
  return notes
}

function handled(
  entry: VendorEntry,
  where: string,
  context: RscContext,
  handle: HandleRsc | undefined,
): boolean {
  try {
    return handle?.(entry, context) === 'handled'
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OpenampError(
      'ERR_RESOURCE_TABLE',
      `${where}: the handler of vendor type ${entry.type} refused it: ${why}`,
      { cause },
    )
  }
}

/**
 * Machines here have no IOMMU that could show registers elsewhere, so what is asked for must stand
 * where the remote asks for it.
 */
function requireAllowed(
  { da, pa, len, name }: DevmemEntry,
  entry: string,
  allowed: readonly DevmemRange[] | undefined,
): void {
  const refuse = (why: string): never => {
    throw new OpenampError('ERR_RESOURCE_TABLE', `${entry} (devmem ${printable(name)}): ${why}`)
  }
  const range = `pa ${hex(pa, 8)} + ${hex(len)} bytes`
  if (isAnyAddress(pa) || len === 0)
    refuse(`expected a physical address and a length, found ${range}`)
  if (allowed === undefined) {
    refuse(`asks for ${range}, and no devmem is allowed (option devmem)`)
  }
  const inside = allowed?.some((ok) => pa >= ok.pa && pa + len <= ok.pa + ok.size)
  if (inside !== true) {
    const list = allowed?.map((ok) => `${hex(ok.pa, 8)} + ${hex(ok.size)}`).join(', ')
    refuse(`asks for ${range}, which is outside what is allowed (${list || 'nothing'})`)
  }
  if (da !== pa && !isAnyAddress(da)) {
    refuse(`asks for ${range} at da ${hex(da, 8)}, and this machine has no IOMMU to show it there`)
  }
}
