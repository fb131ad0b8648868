import type { ResourceTable } from '../../firmware/index.js'
import { Region } from '../../memory/region.js'
import { TraceReader } from '../../remoteproc/index.js'
import type { Tree } from './tree-node.js'

/** Where the kernel shows a remote's inner life, below the root (remoteproc_debugfs.c). */
export const debugPath = (id: string): string => `sys/kernel/debug/remoteproc/${id}`

/** Bytes of a trace buffer whose size nobody has said. */
const UNKNOWN_SIZE = 0x4000

/** A carve-out as the kernel has placed it. */
export interface KernelCarveout {
  readonly name: string
  /** Where the remote sees it. */
  readonly da: number
  /** Where devices see it. */
  readonly dma: number
  readonly size: number
}

/** The carve-outs, rings and buffers of a remote that runs; undefined where debugfs does not show them. */
export function carveouts(tree: Tree, id: string): readonly KernelCarveout[] | undefined {
  const text = tree.text(debugPath(id), 'carveout_memories')
  if (text === undefined) return undefined
  return text.split('Carveout memory entry:').flatMap((entry) => {
    const field = (name: string): string | undefined =>
      new RegExp(`^\\s*${name}: ([^\\n]*)$`, 'm').exec(entry)?.[1]?.replace(/ Bytes$/, '')
    const name = field('Name')
    if (name === undefined) return []
    const [da, dma, size] = ['Device address', 'DMA address', 'Length'].map((of) =>
      Number(field(of)),
    )
    return [{ name, da: da ?? 0, dma: dma ?? 0, size: size ?? 0 }]
  })
}

/** The resource table as the kernel prints it; undefined where debugfs does not show it. */
export function resourceTableText(tree: Tree, id: string): string | undefined {
  return tree.text(debugPath(id), 'resource_table')
}

/**
 * Follows a trace buffer through debugfs, which shows it up to its first NUL: of one that has gone round
 * and has a NUL behind the newest character, the older half is not to be seen.
 */
export class DebugfsTrace extends TraceReader {
  readonly #look: () => void
  readonly #bytes: Uint8Array

  constructor(tree: Tree, path: string, name: string, size: number, da: number) {
    const room = Math.ceil(size / 8) * 8
    const region = new Region({ name, da, size: room })
    super(name, { region, offset: 0 }, size)
    this.#bytes = region.bytes
    this.#look = () => {
      const bytes = tree.bytes(path)
      if (bytes === undefined) return
      region.bytes.fill(0)
      region.bytes.set(bytes.subarray(0, size))
    }
  }

  override text(): string {
    this.#look()
    return super.text()
  }

  /** The kernel has cleared the buffer before the boot, and all that is in it now is news. */
  override restart(): void {
    this.#bytes.fill(0)
    super.restart()
  }

  override read(): string {
    this.#look()
    return super.read()
  }
}

/** The trace buffers of an image's table, where debugfs is mounted; else whatever it shows by number. */
export function debugfsTraces(
  tree: Tree,
  id: string,
  table: ResourceTable | undefined,
): readonly TraceReader[] {
  if (!tree.has(debugPath(id))) return []
  const entries = table?.entries.flatMap((entry) => (entry.kind === 'trace' ? [entry] : [])) ?? []
  if (table === undefined) {
    const names = tree.list(debugPath(id)).filter((name) => /^trace\d+$/.test(name))
    return names.map(
      (name) => new DebugfsTrace(tree, `${debugPath(id)}/${name}`, name, UNKNOWN_SIZE, 0),
    )
  }
  return entries.map(({ name, len, da }, index) => {
    const path = `${debugPath(id)}/trace${index}`
    return new DebugfsTrace(tree, path, name, len === 0 ? UNKNOWN_SIZE : len, da)
  })
}
