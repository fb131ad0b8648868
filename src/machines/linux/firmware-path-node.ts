import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { release, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { OpenampError } from '../../base/errors.js'
import type { KernelFirmware } from '../../remoteproc/index.js'
import { refusal } from './refused-node.js'
import type { Tree } from './tree-node.js'

/** The folder that the kernel looks into before all others (firmware_class.path). */
export const PATH_PARAMETER = 'sys/module/firmware_class/parameters/path'

/** Where the kernel looks for firmware, in its order (fw_path of drivers/base/firmware_loader/main.c). */
export function firmwareFolders(tree: Tree): readonly string[] {
  const own = tree.line(PATH_PARAMETER)
  const version = release()
  return [
    ...(own === undefined || own === '' ? [] : [own]),
    `/lib/firmware/updates/${version}`,
    '/lib/firmware/updates',
    `/lib/firmware/${version}`,
    '/lib/firmware',
  ]
}

/** The bytes of a firmware file as the kernel would find it; undefined where it cannot be read. */
export function findFirmware(tree: Tree, name: string): KernelFirmware | undefined {
  if (name === '') return undefined
  for (const folder of firmwareFolders(tree)) {
    const bytes = tree.bytes(folder, name)
    if (bytes !== undefined) return { name: basename(name), bytes }
  }
  return undefined
}

/** A firmware file that was laid where the kernel finds it. */
export interface PlacedFirmware {
  /** For the attribute `firmware`. */
  readonly name: string
  /** Takes away what was laid there. */
  remove(): void
}

/**
 * Lays an image where the kernel finds it: into the first of its folders that can be written, else into
 * one of ours that is then made its first. A file that is there with the same bytes is used as it is,
 * and no other is written over.
 * @throws ERR_SYSTEM where neither is allowed
 */
export function placeFirmware(tree: Tree, { name, bytes }: KernelFirmware): PlacedFirmware {
  const place = writablePlace(tree)
  if (place === undefined) return placeElsewhere(tree, name, bytes)
  const { folder, below } = place
  const safe = safeName(name)
  for (let number = 0; ; number++) {
    const chosen = `${below}${number === 0 ? safe : `openamp-${number}-${safe}`}`
    const there = findFirmware(tree, chosen)?.bytes
    if (there !== undefined && !same(there, bytes)) continue
    if (there !== undefined) return { name: chosen, remove: () => {} }
    const path = tree.path(folder, chosen)
    try {
      writeFileSync(path, bytes, { flag: 'wx' })
    } catch (error) {
      throw refusal(error, path)
    }
    return { name: chosen, remove: () => rmSync(path, { force: true }) }
  }
}

/** The first of the kernel's folders that can be written, or that has a folder `openamp` that can. */
export function writablePlace(
  tree: Tree,
): { readonly folder: string; readonly below: string } | undefined {
  for (const folder of firmwareFolders(tree)) {
    if (writable(tree.path(folder))) return { folder, below: '' }
    if (writable(tree.path(folder, 'openamp'))) return { folder, below: 'openamp/' }
  }
  return undefined
}

/** No folder of the kernel's can be written, on a root that is read-only, say. */
function placeElsewhere(tree: Tree, name: string, bytes: Uint8Array): PlacedFirmware {
  const before = tree.line(PATH_PARAMETER)
  if (before === undefined || before !== '' || !writable(tree.path(PATH_PARAMETER))) {
    const where = firmwareFolders(tree)
      .map((each) => tree.path(each))
      .join(', ')
    const what = `none of its folders can be written (${where}), nor its path be set`
    throw new OpenampError('ERR_SYSTEM', `firmware for the kernel: ${what}: be root`)
  }
  const chosen = safeName(name)
  const folder = temporaryFolder(tree)
  try {
    writeFileSync(join(folder, chosen), bytes)
  } catch (error) {
    throw refusal(error, folder)
  }
  const below = tree.root === '/' ? folder : folder.slice(tree.root.length)
  tree.writeNow(PATH_PARAMETER, below)
  const remove = (): void => {
    try {
      // A write of no bytes would never come to the kernel, a line feed would stay in the path.
      tree.writeNow(PATH_PARAMETER, '\0')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  return { name: chosen, remove }
}

function temporaryFolder(tree: Tree): string {
  const temporary = tree.root === '/' ? tmpdir() : tree.path(tmpdir())
  try {
    mkdirSync(temporary, { recursive: true })
    return mkdtempSync(join(temporary, 'openamp-firmware-'))
  } catch (error) {
    throw refusal(error, temporary)
  }
}

/** A name that lies in the folder, whatever the image is called. */
function safeName(name: string): string {
  const last = basename(name).replace(/[^\w.+-]/g, '_')
  return /^\.*$/.test(last) ? 'firmware' : last
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

export function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
