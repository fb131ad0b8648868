import type { Tree } from './tree-node.js'

const BASE = 'sys/firmware/devicetree/base'

/** What remote processors are called in device trees (Documentation/devicetree/bindings/remoteproc). */
const PROCESSORS = [
  /^st,stm32mp1-m4$/,
  /^fsl,imx\w+-(cm4|cm7|cm33)(-mmio)?$/,
  /^xlnx,(zynqmp-r5fss|versal-r5fss|versal-net-r52fss)$/,
  /^ti,(am\d+|j7\w+)-(m4fss|r5fss?|c66-dsp|c71-dsp|c7xv-dsp)$/,
] as const

/** A node of the device tree that is a remote processor. */
export interface ProcessorNode {
  readonly path: string
  readonly compatible: string
  readonly enabled: boolean
}

/** Nodes of remote processors, by their `compatible`. */
export function processorNodes(tree: Tree): readonly ProcessorNode[] {
  const found: ProcessorNode[] = []
  for (const path of nodesBelow(tree, '', 0)) {
    const compatible = strings(tree, path, 'compatible').find((each) =>
      PROCESSORS.some((known) => known.test(each)),
    )
    if (compatible === undefined) continue
    const [status = 'okay'] = strings(tree, path, 'status')
    found.push({ path, compatible, enabled: status === 'okay' || status === 'ok' })
  }
  return found
}

/** The reserved memory of a processor: nodes by their path, and how many phandles lead nowhere. */
export interface ReservedMemory {
  readonly regions: readonly string[]
  readonly unresolved: number
}

/**
 * What `memory-region` of a processor's node names.
 * @returns undefined where there is no device tree, or no node for it
 */
export function memoryOf(tree: Tree, node: string | undefined): ReservedMemory | undefined {
  if (node === undefined || !tree.has(BASE, node)) return undefined
  // The node's own, or those of the cores in it.
  const nodes = [node, ...tree.list(BASE, node).map((child) => `${node}/${child}`)]
  const wanted = nodes.flatMap((path) => words(tree, path, 'memory-region'))
  const reserved = new Map<number, string>()
  for (const name of tree.list(BASE, 'reserved-memory')) {
    const path = `/reserved-memory/${name}`
    for (const phandle of words(tree, path, 'phandle')) reserved.set(phandle, path)
  }
  const regions = wanted.flatMap((phandle) => reserved.get(phandle) ?? [])
  return { regions, unresolved: wanted.length - regions.length }
}

const DEPTH_MAX = 8

function* nodesBelow(tree: Tree, path: string, depth: number): Generator<string> {
  if (depth > DEPTH_MAX) return
  for (const name of tree.list(BASE, path)) {
    const child = `${path}/${name}`
    // Properties are files, nodes are folders, and every node has a property `name`.
    if (!tree.has(BASE, child, 'name')) continue
    yield child
    yield* nodesBelow(tree, child, depth + 1)
  }
}

function strings(tree: Tree, path: string, property: string): readonly string[] {
  const text = tree.text(BASE, path, property)
  return text === undefined ? [] : text.split('\0').filter((each) => each !== '')
}

/** Big-endian words, as all of a device tree. */
function words(tree: Tree, path: string, property: string): readonly number[] {
  const bytes = tree.bytes(BASE, path, property)
  if (bytes === undefined) return []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length >> 2 }, (_, i) => view.getUint32(4 * i))
}
