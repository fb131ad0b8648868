import {
  closeSync,
  existsSync,
  type FSWatcher,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  watch,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Attribute, bytesOf, type Directory, type Link, modeOf } from './tree.js'

/**
 * Serves a tree as plain files: what is written into one is an order, and the file then shows what
 * is. An order that is refused is told to `refused` alone: a plain file takes any bytes.
 */
export class PlainFiles {
  readonly #root: Directory
  readonly #at: string
  readonly #refused: (path: string, errno: string) => void
  /** What we have written into each file. */
  readonly #shown = new Map<string, Uint8Array>()
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #links = new Set<string>()
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
    for (const path of this.#links) {
      if (there.has(path)) continue
      this.#links.delete(path)
      rmSync(path, { force: true })
    }
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
    if (!existsSync(path) || !this.#watchers.has(path)) this.#make(directory, path)
    for (const [name, node] of directory.entries) {
      const below = join(path, name)
      there.add(below)
      if (node.type === 'directory') this.#write(node, below, there)
      else if (node.type === 'link') this.#link(node, below)
      else if (!this.#busy.has(below)) this.#show(node, below)
    }
    // Files that are gone; folders that are gone are known by their watchers.
    for (const known of this.#shown.keys()) {
      const gone = known.startsWith(`${path}/`) && !known.slice(path.length + 1).includes('/')
      if (gone && !there.has(known)) rmSync(known, { force: true })
    }
  }

  #make(directory: Directory, path: string): void {
    this.#watchers.get(path)?.close()
    mkdirSync(path, { recursive: true })
    const watcher = watch(path, () => this.#look(directory, path))
    // Somebody has removed the folder: it is made again with the next change.
    watcher.on('error', () => {})
    this.#watchers.set(path, watcher)
  }

  /** What a link leads to may come later, or be gone. */
  #link({ target }: Link, path: string): void {
    const there = lstatSync(path, { throwIfNoEntry: false })
    if (there?.isSymbolicLink() && readlinkSync(path) === target) return
    rmSync(path, { force: true })
    symlinkSync(target, path)
    this.#links.add(path)
  }

  #show(node: Attribute, path: string): void {
    const bytes = bytesOf(node)
    const there = existsSync(path)
    if (there && isSame(this.#shown.get(path), bytes)) return
    this.#shown.set(path, bytes)
    // In place: whoever has the file open has this one. A new one is made with its mode.
    const fd = openSync(path, there ? 'r+' : 'w', modeOf(node) & 0o777)
    writeSync(fd, bytes, 0, bytes.length, 0)
    ftruncateSync(fd, bytes.length)
    closeSync(fd)
  }

  /**
   * Something has happened in a folder. What it was does not say which order came first, so all files are
   * read, the last ones first, and then obeyed in their order: whoever has written `firmware` and then
   * `state` is not started with the firmware before.
   */
  #look(directory: Directory, path: string): void {
    const orders: (() => void)[] = []
    for (const [name, node] of [...directory.entries].reverse()) {
      const file = join(path, name)
      if (node.type === 'link') continue
      const found = node.type === 'directory' ? existsSync(file) : bytesIn(file)
      if (found === undefined || found === false) {
        // Somebody has removed it, which sysfs lets nobody do.
        this.refresh()
        continue
      }
      if (found === true || node.type === 'directory' || this.#busy.has(file)) continue
      // An empty one is about to be written: the shell truncates first.
      if (found.length === 0 || isSame(this.#shown.get(file), found)) continue
      this.#busy.add(file)
      orders.unshift(() => void this.#store(node, file, found.toString()))
    }
    for (const order of orders) order()
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

/** A dump is large, and is the same object as long as it is there. */
const isSame = (one: Uint8Array | undefined, other: Uint8Array): boolean =>
  one !== undefined && (one === other || Buffer.compare(one, other) === 0)

/** What a file holds; undefined where it is not there. */
function bytesIn(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
