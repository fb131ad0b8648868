import {
  closeSync,
  type FSWatcher,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  watch,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Attribute, bytesOf, type Directory, modeOf } from './tree.js'

/**
 * Serves a tree as plain files: what is written into one is an order, and the file then shows what
 * is. An order that is refused is told to `refused` alone: a plain file takes any bytes.
 */
export class PlainFiles {
  readonly #root: Directory
  readonly #at: string
  readonly #refused: (path: string, errno: string) => void
  /** What we have written into each file. */
  readonly #shown = new Map<string, Buffer>()
  readonly #watchers = new Map<string, FSWatcher>()
  /** Files with an order that is being carried out. */
  readonly #busy = new Set<string>()

  constructor(root: Directory, at: string, refused: (path: string, errno: string) => void) {
    this.#root = root
    this.#at = at
    this.#refused = refused
    this.refresh()
  }

  /** Writes what has changed in the tree. */
  refresh(): void {
    const there = new Set<string>()
    this.#write(this.#root, this.#at, there)
    for (const path of this.#shown.keys()) if (!there.has(path)) this.#shown.delete(path)
    for (const [path, watcher] of this.#watchers) {
      if (there.has(path)) continue
      watcher.close()
      this.#watchers.delete(path)
      rmSync(path, { recursive: true, force: true })
    }
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  #write(directory: Directory, path: string, there: Set<string>): void {
    there.add(path)
    if (!this.#watchers.has(path)) {
      mkdirSync(path, { recursive: true })
      this.#watchers.set(
        path,
        watch(path, (_, name) => this.#look(directory, path, name)),
      )
    }
    for (const [name, node] of directory.entries) {
      const below = join(path, name)
      there.add(below)
      if (node.type === 'directory') this.#write(node, below, there)
      else if (!this.#busy.has(below)) this.#show(node, below)
    }
    // Files that are gone; folders that are gone are known by their watchers.
    for (const known of this.#shown.keys()) {
      const gone = known.startsWith(`${path}/`) && !known.slice(path.length + 1).includes('/')
      if (gone && !there.has(known)) rmSync(known, { force: true })
    }
  }

  #show(node: Attribute, path: string): void {
    const bytes = Buffer.from(bytesOf(node))
    if (this.#shown.get(path)?.equals(bytes)) return
    this.#shown.set(path, bytes)
    // In place: whoever has the file open has this one. A new one is made with its mode.
    const fd = openSync(path, this.#exists(path) ? 'r+' : 'w', modeOf(node) & 0o777)
    writeSync(fd, bytes, 0, bytes.length, 0)
    ftruncateSync(fd, bytes.length)
    closeSync(fd)
  }

  #exists(path: string): boolean {
    return this.#read(path) !== undefined
  }

  #read(path: string): Buffer | undefined {
    try {
      return readFileSync(path)
    } catch {
      return undefined
    }
  }

  #look(directory: Directory, path: string, name: string | null): void {
    const node = name === null ? undefined : directory.entries.get(name)
    if (name === null || node?.type !== 'attribute') return
    const file = join(path, name)
    const found = this.#read(file)
    // An empty one is about to be written: the shell truncates first.
    if (found === undefined || found.length === 0 || this.#busy.has(file)) return
    if (this.#shown.get(file)?.equals(found)) return
    this.#busy.add(file)
    void this.#store(node, file, found.toString())
  }

  async #store(node: Attribute, file: string, text: string): Promise<void> {
    const refusal = node.store === undefined ? 'EACCES' : await node.store(text)
    if (refusal !== undefined) this.#refused(file, refusal)
    this.#busy.delete(file)
    // What stands there now is what was written.
    this.#shown.delete(file)
    this.refresh()
  }
}
