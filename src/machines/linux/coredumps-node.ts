import { readFile } from 'node:fs/promises'
import { sep } from 'node:path'
import type { KernelDump } from '../../remoteproc/index.js'
import { refusal } from './refused-node.js'
import type { Tree } from './tree-node.js'

const CLASS = 'sys/class/devcoredump'

/** The kernel's dumps of one remote (devcoredump). It keeps each for five minutes, or until it is let go. */
export class Devcoredumps {
  readonly #tree: Tree
  readonly #id: string
  /** Dumps of before this program, which are others' to take, and those taken: the kernel removes one later. */
  readonly #done: Set<string>

  constructor(tree: Tree, id: string) {
    this.#tree = tree
    this.#id = id
    this.#done = new Set(this.#all())
  }

  /** Names of those that the kernel has of it. */
  get names(): readonly string[] {
    return this.#all()
  }

  /** A dump that is there, once; undefined where there is none. @throws ERR_SYSTEM */
  async take(): Promise<KernelDump | undefined> {
    const dump = this.#all().find((name) => !this.#done.has(name))
    if (dump === undefined) return undefined
    this.#done.add(dump)
    const data = `${CLASS}/${dump}/data`
    try {
      const bytes = await readFile(this.#tree.path(data))
      return { name: dump, bytes, release: () => this.#tree.write(data, '1') }
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
