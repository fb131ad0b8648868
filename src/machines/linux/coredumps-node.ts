import { readFile } from 'node:fs/promises'
import { sep } from 'node:path'
import { refusal } from './refused-node.js'
import type { Tree } from './tree-node.js'

const CLASS = 'sys/class/devcoredump'

/** The kernel's dumps of one remote (devcoredump). It keeps each for five minutes, or until it is let go. */
export class Devcoredumps {
  readonly #tree: Tree
  readonly #id: string
  /** Dumps of before this program, which are others' to take. */
  readonly #before: ReadonlySet<string>

  constructor(tree: Tree, id: string) {
    this.#tree = tree
    this.#id = id
    this.#before = new Set(this.#all())
  }

  /** A dump that is there, which is then let go; undefined where there is none. @throws ERR_SYSTEM */
  async take(): Promise<Uint8Array | undefined> {
    const dump = this.#all().find((name) => !this.#before.has(name))
    if (dump === undefined) return undefined
    const data = `${CLASS}/${dump}/data`
    try {
      const bytes = await readFile(this.#tree.path(data))
      await this.#tree.write(data, '1')
      return bytes
    } catch (error) {
      throw refusal(error, this.#tree.path(data))
    }
  }

  #all(): readonly string[] {
    return this.#tree.list(CLASS).filter((name) => {
      if (!name.startsWith('devcd')) return false
      return this.#tree.target(CLASS, name, 'failing_device')?.split(sep).at(-1) === this.#id
    })
  }
}
