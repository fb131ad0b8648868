/**
 * Firmware images: ELF files and the resource table in them. Reads, checks, builds; loads nothing.
 * @module openamp/firmware
 */

export { type CoreFileSpec, coreFileHeader } from './core-file.js'
export { readElf } from './elf.js'
export {
  EM_AARCH64,
  EM_ARM,
  EM_NONE,
  EM_RISCV,
  machineName,
  sectionTypeName,
  segmentTypeName,
} from './elf-defs.js'
export type { Finding } from './finding.js'
export {
  type FirmwareFormat,
  firmwareFormats,
  type ReadImageOptions,
  readImage,
} from './format.js'
export { type HttpOptions, http } from './http-store.js'
export type { CodePlace, FirmwareImage, FirmwareSymbol, Section, Segment } from './image.js'
export { type LineRange, LineTable, type SourcePlace, sourcePath } from './line-table.js'
export { type RawBinaryOptions, rawBinary } from './raw-format.js'
export {
  buildResourceTable,
  type EntrySpec,
  type MemorySpec,
  type TraceSpec,
  type VdevSpec,
  type VendorSpec,
  type VringSpec,
} from './resource-table/build.js'
export {
  type CheckTarget,
  checkImage,
  type Examination,
  examineImage,
} from './resource-table/check.js'
export {
  FW_RSC_ADDR_ANY,
  fw_rsc_carveout,
  fw_rsc_trace,
  fw_rsc_vdev,
  fw_rsc_vdev_vring,
  RSC_NOTIFY_ID_ANY,
  resource_table,
  tableSection,
  VIRTIO_ID_RPMSG,
} from './resource-table/defs.js'
export type {
  CarveoutEntry,
  DevmemEntry,
  ResourceEntry,
  TraceEntry,
  UnknownEntry,
  VdevEntry,
  VendorEntry,
  VringEntry,
} from './resource-table/entries.js'
export type { AddressRange, MemoryRange } from './resource-table/range.js'
export {
  type FindTableOptions,
  findResourceTable,
  imageResourceTable,
  readResourceTable,
  readTableFrom,
} from './resource-table/read.js'
export {
  type FoundTable,
  isAnyAddress,
  isAnyNotifyId,
  ResourceTable,
} from './resource-table/table.js'
export {
  type ImageReading,
  type ImageRequest,
  type ImageStart,
  type ImageStore,
  memory,
  type OpenImage,
  type OpenOptions,
} from './store.js'
export { type ByteStream, type StreamOptions, stream } from './stream-store.js'
export { printable } from './text.js'
