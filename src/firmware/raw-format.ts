import { hex, OpenampError } from '../base/errors.js'
import { EM_NONE, ET_NONE, PT_LOAD } from './elf-defs.js'
import { elfFormat } from './elf-format.js'
import type { Finding } from './finding.js'
import type { FirmwareFormat } from './format.js'
import type { FirmwareImage, Segment } from './image.js'
import type { ImageReading, ImageStart } from './store.js'

export interface RawBinaryOptions {
  /** Device address that the first byte is loaded at. */
  readonly loadAddress: number
  /** Where the remote begins; the load address unless given. */
  readonly entry?: number | undefined
}

/** How much of an image of unknown length is asked for at once. */
const chunk = 0x1_0000

/**
 * The bytes of memory as they are (what `objcopy -O binary` makes): one segment, loaded at the given
 * address. Nothing in it says what core it is for, so it fits any; it has no sections, so a resource
 * table is found by its address only.
 * @throws ERR_USAGE where an address is no whole number from 0 to 2^53 - 1
 */
export function rawBinary(options: RawBinaryOptions): FirmwareFormat {
  const { loadAddress, entry = loadAddress } = options
  for (const [what, address] of [
    ['load address', loadAddress],
    ['entry', entry],
  ] as const) {
    if (Number.isSafeInteger(address) && address >= 0) continue
    throw new OpenampError('ERR_USAGE', `raw binary: ${what} ${address} is no address`)
  }
  return {
    name: 'a raw binary',
    sign: 'any bytes',
    probe: (head) => head.length > 0,
    read: (start) => readRaw(start, loadAddress, entry),
  }
}

function* readRaw(
  start: ImageStart,
  loadAddress: number,
  entry: number,
): ImageReading<FirmwareImage> {
  const { name } = start
  const data = yield* wholeImage(start)
  const size = data.length
  if (size === 0) throw new OpenampError('ERR_IMAGE', `${name}: a raw binary of 0 bytes`)
  if (!Number.isSafeInteger(loadAddress + size)) {
    const range = `${hex(loadAddress)} + ${hex(size)}`
    throw new OpenampError('ERR_IMAGE', `${name}: ${range} bytes end beyond 2^53`)
  }
  const segment: Segment = {
    index: 0,
    type: PT_LOAD,
    offset: 0,
    vaddr: loadAddress,
    paddr: loadAddress,
    filesz: size,
    memsz: size,
    flags: 7,
    data,
  }
  return {
    format: 'raw binary',
    name,
    bits: loadAddress + size <= 2 ** 32 ? 32 : 64,
    machine: EM_NONE,
    machineName: 'any machine',
    type: ET_NONE,
    typeName: 'raw binary',
    entry,
    flags: 0,
    segments: [segment],
    loadable: [segment],
    sections: [],
    findings: oddities(data),
    section: () => undefined,
    symbol: () => undefined,
    functionAt: () => undefined,
  }
}

function oddities(data: Uint8Array): Finding[] {
  if (!elfFormat.probe(data)) return []
  const message =
    'begins as an ELF file does, and is loaded as it stands, headers and all: leave the load address out'
  return [{ severity: 'warning', where: 'raw binary', message }]
}

/** All of it, in pieces: a length that is only said is not a reason to take that much memory. */
function* wholeImage({ name, head, size, limit }: ImageStart): ImageReading<Uint8Array> {
  if (size === head.length) return head
  const parts: Uint8Array[] = []
  let held = 0
  for (let length = chunk; length === chunk; ) {
    const part = yield { offset: held, size: chunk }
    if (part === undefined) {
      throw new OpenampError('ERR_IMAGE', `${name}: its bytes at ${hex(held)} have passed`)
    }
    length = part.length
    held += length
    if (held > limit) {
      const why = `it has more than the ${hex(limit)} bytes that may be held of an image`
      throw new OpenampError('ERR_IMAGE', `${name}: ${why}`)
    }
    parts.push(part)
  }
  const all = new Uint8Array(held)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
