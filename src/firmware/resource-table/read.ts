import { hex, OpenampError } from '../../base/errors.js'
import { SHT_NOBITS } from '../elf-defs.js'
import type { FirmwareImage, Segment } from '../image.js'
import { decodeTable } from './decode.js'
import { resource_table, tableSection } from './defs.js'
import { type FoundTable, ResourceTable } from './table.js'

/** How to find the table. */
export interface FindTableOptions {
  /** Device address of the table, for images that do not name their section. */
  readonly address?: number | undefined
}

/**
 * Finds the resource table of an image: at `address` in what the loadable segments bring, else in
 * the section `.resource_table`. There the table's device address is the section's address, which
 * may differ from where its segment is loaded.
 * @returns undefined where no address is given and there is no such section
 * @throws ERR_RESOURCE_TABLE where the section has no bytes, no segment brings the address, or what
 * is there is no table
 */
export function findResourceTable(
  image: FirmwareImage,
  options: FindTableOptions = {},
): FoundTable | undefined {
  if (options.address !== undefined) return tableAt(image, options.address)
  const section = image.section(tableSection)
  if (section === undefined) return undefined
  if (section.type === SHT_NOBITS) {
    throw new OpenampError(
      'ERR_RESOURCE_TABLE',
      `${image.name}: section ${tableSection}: expected bytes in the file, found type NOBITS: the linker script has put the table into memory that is not loaded`,
    )
  }
  if (section.data === undefined) {
    throw new OpenampError(
      'ERR_RESOURCE_TABLE',
      `${image.name}: section ${tableSection}: its bytes had passed when the section headers told of them, and the image came from a stream, which cannot go back; put the table into a loaded segment`,
    )
  }
  const bytes = new Uint8Array(section.data)
  return { da: section.addr, size: bytes.length, bytes, origin: 'section' }
}

/**
 * Decodes a table (struct resource_table, include/linux/remoteproc.h).
 * @param table its bytes, which are copied, or what `findResourceTable` gave
 * @param where begins each message: "echo.elf: section .resource_table"
 * @throws ERR_RESOURCE_TABLE where it is malformed, with what was expected and found at which offset
 */
export function readResourceTable(table: Uint8Array | FoundTable, where: string): ResourceTable {
  if (table instanceof Uint8Array) return new ResourceTable(table, where)
  return new ResourceTable(table.bytes, where, table)
}

/**
 * Decodes a table that nobody has said the length of: it reaches as far as its entries do.
 * @param rest bytes from its start to where it must have ended, which are copied
 * @param place its device address, and how it was found
 * @throws ERR_RESOURCE_TABLE
 */
export function readTableFrom(
  rest: Uint8Array,
  where: string,
  place: Pick<FoundTable, 'da' | 'origin'>,
): ResourceTable {
  // One copy, which is then decoded: whoever shares the memory may write to it meanwhile.
  const copy = new Uint8Array(rest)
  return new ResourceTable(copy.subarray(0, decodeTable(copy, where).extent), where, place)
}

/**
 * The resource table of an image, found and decoded.
 * @returns undefined where the image has none
 * @throws ERR_RESOURCE_TABLE
 */
export function imageResourceTable(
  image: FirmwareImage,
  options: FindTableOptions = {},
): ResourceTable | undefined {
  const found = findResourceTable(image, options)
  if (found === undefined) return undefined
  return readResourceTable(found, tableName(image, found))
}

function tableName(
  image: FirmwareImage,
  { origin, da }: Pick<FoundTable, 'origin' | 'da'>,
): string {
  const place = origin === 'section' ? `section ${tableSection}` : `resource table at ${hex(da, 8)}`
  return `${image.name}: ${place}`
}

function tableAt(image: FirmwareImage, address: number): FoundTable {
  const where = tableName(image, { origin: 'address', da: address })
  const segment =
    image.loadable.find((candidate) => brings(candidate, 'paddr', address)) ??
    image.loadable.find((candidate) => brings(candidate, 'vaddr', address))
  if (segment === undefined) {
    throw new OpenampError(
      'ERR_RESOURCE_TABLE',
      `${where}: expected ${resource_table.size} bytes of a loadable segment there, found none`,
    )
  }
  const base = brings(segment, 'paddr', address) ? segment.paddr : segment.vaddr
  const rest = segment.data.subarray(address - base)
  // Nothing says how long the table is, so it reaches as far as its entries do.
  const bytes = new Uint8Array(rest.subarray(0, decodeTable(rest, where).extent))
  return { da: address, size: bytes.length, bytes, origin: 'address' }
}

function brings(segment: Segment, kind: 'paddr' | 'vaddr', address: number): boolean {
  const start = segment[kind]
  return address >= start && address + resource_table.size <= start + segment.filesz
}
