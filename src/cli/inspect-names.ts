import { hex } from '../base/errors.js'
import { isAnyAddress, isAnyNotifyId, VIRTIO_ID_RPMSG } from '../firmware/index.js'

const deviceNames: Readonly<Record<number, string>> = {
  1: 'network',
  2: 'block',
  3: 'console',
  4: 'entropy',
  7: 'RPMsg',
  8: 'SCSI',
  9: '9P',
  11: 'rproc serial',
  18: 'input',
  19: 'vsock',
  25: 'sound',
  32: 'SCMI',
  34: 'I2C adapter',
  41: 'GPIO',
}

/** "RPMsg (id 7)". */
export function deviceName(id: number): string {
  const name = deviceNames[id]
  return name === undefined ? `device id ${id}` : `${name} (id ${id})`
}

// Virtio 1.2, chapter 6, and its legacy parts; the low bits belong to the kind of device.
const transportFeatures: Readonly<Record<number, string>> = {
  24: 'NOTIFY_ON_EMPTY',
  27: 'ANY_LAYOUT',
  28: 'INDIRECT_DESC',
  29: 'EVENT_IDX',
}

/** The names of the set bits, "bit n" for one without. */
export function featureNames(id: number, features: number): string[] {
  const names: string[] = []
  for (let bit = 0; bit < 32; bit++) {
    if (((features >>> bit) & 1) === 0) continue
    if (id === VIRTIO_ID_RPMSG && bit === 0) names.push('NS')
    else names.push(transportFeatures[bit] ?? `bit ${bit}`)
  }
  return names
}

const statusBits: readonly (readonly [number, string])[] = [
  [0x01, 'ACKNOWLEDGE'],
  [0x02, 'DRIVER'],
  [0x08, 'FEATURES_OK'],
  [0x04, 'DRIVER_OK'],
  [0x40, 'NEEDS_RESET'],
  [0x80, 'FAILED'],
]

/** The names of the set bits of a device status (virtio 1.2, 2.1), in the order they are set. */
export function statusNames(status: number): string[] {
  return statusBits.filter(([bit]) => (status & bit) !== 0).map(([, name]) => name)
}

/** An address in 8 digits or more, or "any". */
export function address(value: number): string {
  return isAnyAddress(value) ? 'any' : hex(value, 8)
}

export function notifyId(value: number): string {
  return isAnyNotifyId(value) ? 'any' : String(value)
}

/** "0x36 (54 bytes)", "0x10000 (64 KiB)". */
export function sizeBoth(bytes: number): string {
  return `${hex(bytes)} (${readableSize(bytes)})`
}

function readableSize(bytes: number): string {
  if (bytes < 1024) return bytes === 1 ? '1 byte' : `${bytes} bytes`
  let value = bytes / 1024
  let unit = 'KiB'
  for (const next of ['MiB', 'GiB', 'TiB']) {
    if (value < 1024) break
    value /= 1024
    unit = next
  }
  const rounded = value < 100 ? Math.round(value * 10) / 10 : Math.round(value)
  return `${rounded === value ? '' : '~'}${rounded} ${unit}`
}

/** p_flags as "rwx". */
export function segmentFlags(flags: number): string {
  return `${flags & 4 ? 'r' : '-'}${flags & 2 ? 'w' : '-'}${flags & 1 ? 'x' : '-'}`
}

/** sh_flags as readelf writes them: "AX", "WA". */
export function sectionFlags(flags: number): string {
  return `${flags & 1 ? 'W' : ''}${flags & 2 ? 'A' : ''}${flags & 4 ? 'X' : ''}` || '-'
}
