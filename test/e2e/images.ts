import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildResourceTable, type EntrySpec } from '../../dist/firmware/index.js'
import { buildElf, type ElfSpec } from '../../dist/testing.js'
import { image } from './command.js'

const folder = mkdtempSync(join(tmpdir(), 'openamp-images-'))

/** Writes bytes as a file and gives its path. */
export function imageFile(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

const CODE = 0x8000_0000
export const TABLE = 0x8000_1000

/** `j .`: runs for ever. */
export const SPIN = [0x0000_006f]
/** `wfi; j .-4`: waits for ever. */
export const WAIT = [0x1050_0073, 0xffdf_f06f]
/** An instruction of zeros, which is none. */
export const ILLEGAL = [0x0000_0000]

/** One RPMsg device as most images have it. */
export const rpmsgVdev: EntrySpec = {
  kind: 'vdev',
  dfeatures: 1,
  vrings: [
    { num: 16, align: 16, notifyid: 0 },
    { num: 16, align: 16, notifyid: 1 },
  ],
}

/** An image of a few instructions and a resource table, with what is to be wrong about it. */
export function smallImage(
  code: readonly number[],
  table: readonly EntrySpec[] | Uint8Array | 'none' = [rpmsgVdev],
  change: Partial<ElfSpec> = {},
): Uint8Array {
  const bytes = tableBytes(table)
  const segments: { vaddr: number; data: Uint8Array }[] = [
    { vaddr: CODE, data: new Uint8Array(Uint32Array.from(code).buffer) },
  ]
  if (bytes !== undefined) segments.push({ vaddr: TABLE, data: bytes })
  return buildElf({
    entry: CODE,
    segments,
    sections:
      bytes === undefined ? [] : [{ name: '.resource_table', addr: TABLE, size: bytes.length }],
    ...change,
  })
}

function tableBytes(table: readonly EntrySpec[] | Uint8Array | 'none'): Uint8Array | undefined {
  if (table === 'none') return undefined
  return table instanceof Uint8Array ? table : buildResourceTable(table)
}

/** A copy with one 32-bit word changed. */
export function patched(bytes: Uint8Array, offset: number, word: number): Uint8Array {
  const copy = bytes.slice()
  new DataView(copy.buffer).setUint32(offset, word, true)
  return copy
}

/** An image of the package in which one text (bytes as Latin-1) stands in the place of another. */
export function renamed(name: string, text: string, other: string): Uint8Array {
  const bytes = readFileSync(image(name))
  const at = bytes.indexOf(text, 0, 'latin1')
  if (at < 0 || other.length > text.length) throw new Error(`${name}: no place for ${other}`)
  bytes.write(other, at, 'latin1')
  return bytes
}
