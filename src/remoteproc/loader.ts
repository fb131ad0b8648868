import { hex, OpenampError } from '../base/errors.js'
import {
  EM_NONE,
  type FirmwareImage,
  type ImageStore,
  machineName,
  type ResourceTable,
} from '../firmware/index.js'
import type { Location } from '../memory/address-space.js'
import { Region } from '../memory/region.js'
import type { Processor } from './machine.js'

/** Where firmware comes from: its bytes, or a store that they are read from. */
export type FirmwareSource = Uint8Array | ImageStore

/**
 * Checks that an image fits its machine: architecture, segments, entry.
 * @throws ERR_IMAGE
 */
export function checkFit(image: FirmwareImage, { architecture, space }: Processor): void {
  if (
    architecture !== undefined &&
    image.machine !== EM_NONE &&
    (image.machine !== architecture.machine || image.bits !== architecture.bits)
  ) {
    throw new OpenampError(
      'ERR_IMAGE',
      `${image.name}: ELF header: expected a ${architecture.bits}-bit ${machineName(architecture.machine)} image, ` +
        `found ${image.bits}-bit ${image.machineName}`,
    )
  }
  for (const segment of image.loadable) {
    try {
      space.locate('da', segment.paddr, segment.memsz, `${image.name}: segment ${segment.index}`)
    } catch (cause) {
      if (!(cause instanceof OpenampError)) throw cause
      throw new OpenampError('ERR_IMAGE', cause.message, { cause })
    }
  }
  // Bit 0 of an Arm entry is the Thumb state, not an address bit.
  const entry = image.entry - (image.entry % 2)
  const inside = image.loadable.some(
    ({ paddr, vaddr, memsz }) =>
      (entry >= paddr && entry < paddr + memsz) || (entry >= vaddr && entry < vaddr + memsz),
  )
  if (!inside) {
    throw new OpenampError(
      'ERR_IMAGE',
      `${image.name}: ELF header: entry ${hex(image.entry, 8)} lies in no loaded segment`,
    )
  }
}

/** Copies the segments into the remote's memory and zeroes what the file does not bring (bss). */
export function loadSegments(image: FirmwareImage, { space }: Processor): void {
  for (const { index, paddr, memsz, data } of image.loadable) {
    const what = `${image.name}: segment ${index}`
    const { region, offset } = space.locate('da', paddr, memsz, what)
    region.bytes.set(data, offset)
    region.bytes.fill(0, offset + data.length, offset + memsz)
  }
}

/**
 * Where the table lies in the remote's memory. A table without an address is the host's alone: its
 * status and features are kept in memory that the remote never sees.
 * @throws ERR_RESOURCE_TABLE
 */
export function locateTable(
  image: FirmwareImage,
  table: ResourceTable,
  { space }: Processor,
): Location {
  const { da } = table
  const { length } = table.bytes
  if (da === undefined) {
    const size = Math.ceil(length / 8) * 8
    return { region: new Region({ name: 'resource table', da: 0, size }), offset: 0 }
  }
  const region = space.find('da', da, length)
  if (region === undefined) {
    throw new OpenampError(
      'ERR_RESOURCE_TABLE',
      `${image.name}: the resource table at ${hex(da, 8)} + ${hex(length)} bytes lies in no memory region`,
    )
  }
  if (da % 4 !== 0) {
    throw new OpenampError(
      'ERR_RESOURCE_TABLE',
      `${image.name}: the resource table's address ${hex(da, 8)} is not a multiple of 4`,
    )
  }
  return { region, offset: da - region.da }
}
