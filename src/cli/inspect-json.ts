import {
  type Finding,
  type FirmwareImage,
  isAnyAddress,
  isAnyNotifyId,
  type ResourceEntry,
  type ResourceTable,
} from '../firmware/index.js'
import { featureNames, sectionFlags, segmentFlags, statusNames } from './inspect-names.js'

/** What JSON.stringify takes. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json }

/**
 * The same as `formatInspect` says, for programs. Addresses and sizes are numbers; an address or
 * notify id that is left to the host is the string "any"; bytes are a string of hexadecimal digits.
 */
export function inspectJson(
  image: FirmwareImage,
  table: ResourceTable | undefined,
  findings: readonly Finding[],
): { readonly [key: string]: Json } {
  return {
    name: image.name,
    format: image.format,
    bits: image.bits,
    machine: image.machine,
    machineName: image.machineName,
    type: image.typeName,
    entry: image.entry,
    entrySymbol: image.functionAt(image.entry)?.name ?? null,
    segments: image.segments.map((segment) => ({
      index: segment.index,
      type: segment.type,
      loadable: image.loadable.includes(segment),
      paddr: segment.paddr,
      vaddr: segment.vaddr,
      filesz: segment.filesz,
      memsz: segment.memsz,
      flags: segmentFlags(segment.flags),
    })),
    sections: image.sections.map((section) => ({
      index: section.index,
      name: section.name,
      type: section.type,
      addr: section.addr,
      size: section.size,
      flags: sectionFlags(section.flags),
    })),
    resourceTable: table === undefined ? null : tableJson(table),
    findings: findings.map(({ severity, where, message }) => ({ severity, where, message })),
  }
}

function tableJson(table: ResourceTable): Json {
  return {
    da: table.da ?? null,
    size: table.bytes.length,
    origin: table.origin ?? null,
    entries: table.entries.map(entryJson),
  }
}

function entryJson(entry: ResourceEntry): Json {
  const { index, offset, kind } = entry
  switch (entry.kind) {
    case 'carveout':
    case 'devmem': {
      const { len, flags, name } = entry
      return { index, offset, kind, name, da: address(entry.da), pa: address(entry.pa), len, flags }
    }
    case 'trace':
      return { index, offset, kind, name: entry.name, da: address(entry.da), len: entry.len }
    case 'vdev':
      return {
        index,
        offset,
        kind,
        vdev: entry.vdev,
        id: entry.id,
        notifyid: notifyId(entry.notifyid),
        dfeatures: entry.dfeatures,
        dfeatureNames: featureNames(entry.id, entry.dfeatures),
        gfeatures: entry.gfeatures,
        gfeatureNames: featureNames(entry.id, entry.gfeatures),
        configLen: entry.configLen,
        status: entry.status,
        statusNames: statusNames(entry.status),
        vrings: entry.vrings.map((vring) => ({
          index: vring.index,
          da: address(vring.da),
          align: vring.align,
          num: vring.num,
          notifyid: notifyId(vring.notifyid),
          pa: address(vring.pa),
        })),
      }
    case 'vendor':
    case 'unknown':
      return { index, offset, kind, type: entry.type, bytes: hexDigits(entry.bytes) }
  }
}

function address(value: number): number | 'any' {
  return isAnyAddress(value) ? 'any' : value
}

function notifyId(value: number): number | 'any' {
  return isAnyNotifyId(value) ? 'any' : value
}

function hexDigits(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
