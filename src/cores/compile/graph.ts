/** The nodes that each node leads to; those that nothing leads to are not part of the graph. */
export type Successors = readonly (readonly number[])[]

/**
 * How control flows between blocks: their order, what dominates what, and which jumps go back. The
 * dispatcher, which leads to every block in `dispatched`, is the root above them all.
 */
export interface FlowGraph {
  /** Blocks in reverse postorder: every one after those that lead to it, but for jumps back. */
  readonly order: readonly number[]
  /** Place of each block in that order. */
  readonly place: readonly number[]
  /** Blocks that a block dominates immediately, in `order`; at index -1 the root's are `roots`. */
  readonly dominated: readonly (readonly number[])[]
  readonly roots: readonly number[]
  /** Blocks that jumps forward from several places lead to. */
  readonly joins: ReadonlySet<number>
  /** Blocks that are jumped back to from what they dominate. */
  readonly loops: ReadonlySet<number>
  /** Blocks that the dispatcher leads to: those that were asked for, and those that have to be. */
  readonly dispatched: ReadonlySet<number>
}

const ROOT = -1

/**
 * Works out the order of blocks for code without arbitrary jumps. Where a jump back goes into the
 * middle of what is no proper loop, its target is reached through the dispatcher.
 */
export function flowGraph(successors: Successors, entries: Iterable<number>): FlowGraph {
  const dispatched = new Set(entries)
  for (;;) {
    const graph = analyse(successors, dispatched)
    const before = dispatched.size
    for (const { from, to } of jumpsBack(successors, graph.order, graph.place)) {
      if (!dominates(graph.dominators, graph.place, to, from)) dispatched.add(to)
    }
    if (dispatched.size === before) return finish(successors, graph, dispatched)
  }
}

/** True for a jump that goes back, or to itself. */
export function isBack(place: readonly number[], from: number, to: number): boolean {
  return (place[to] ?? 0) <= (place[from] ?? 0)
}

interface Analysis {
  readonly order: readonly number[]
  readonly place: readonly number[]
  readonly dominators: readonly number[]
}

function analyse(successors: Successors, dispatched: ReadonlySet<number>): Analysis {
  const order = reversePostorder(successors, dispatched)
  const place = new Array<number>(successors.length).fill(-1)
  order.forEach((node, i) => {
    place[node] = i
  })
  return { order, place, dominators: dominatorsOf(successors, dispatched, order, place) }
}

function reversePostorder(successors: Successors, roots: ReadonlySet<number>): number[] {
  const seen = new Set<number>()
  const done: number[] = []
  // The last root is visited first, so that the first one comes out first.
  for (const root of [...roots].reverse()) {
    if (seen.has(root)) continue
    seen.add(root)
    const path = [{ node: root, next: 0 }]
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const following = successors[top.node]?.[top.next++]
      if (following === undefined) {
        done.push(top.node)
        path.pop()
      } else if (!seen.has(following)) {
        seen.add(following)
        path.push({ node: following, next: 0 })
      }
    }
  }
  return done.reverse()
}

/** Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm". */
function dominatorsOf(
  successors: Successors,
  dispatched: ReadonlySet<number>,
  order: readonly number[],
  place: readonly number[],
): number[] {
  const predecessors = order.map((): number[] => [])
  for (const from of order) {
    for (const to of successors[from] ?? []) predecessors[place[to] ?? 0]?.push(from)
  }
  const unknown = -2
  const dominators = new Array<number>(successors.length).fill(unknown)
  const meet = (a: number, b: number): number => {
    let left = a
    let right = b
    while (left !== right) {
      if (left === ROOT || right === ROOT) return ROOT
      if ((place[left] ?? 0) > (place[right] ?? 0)) left = dominators[left] ?? ROOT
      else right = dominators[right] ?? ROOT
    }
    return left
  }
  for (let changed = true; changed; ) {
    changed = false
    order.forEach((node, i) => {
      let found = dispatched.has(node) ? ROOT : unknown
      for (const from of predecessors[i] ?? []) {
        if (dominators[from] === unknown) continue
        found = found === unknown ? from : meet(found, from)
      }
      if (dominators[node] !== found) {
        dominators[node] = found
        changed = true
      }
    })
  }
  return dominators
}

function dominates(
  dominators: readonly number[],
  place: readonly number[],
  above: number,
  below: number,
): boolean {
  let node = below
  while (node !== ROOT && (place[node] ?? 0) > (place[above] ?? 0)) node = dominators[node] ?? ROOT
  return node === above
}

function* jumpsBack(
  successors: Successors,
  order: readonly number[],
  place: readonly number[],
): Generator<{ readonly from: number; readonly to: number }> {
  for (const from of order) {
    for (const to of successors[from] ?? []) if (isBack(place, from, to)) yield { from, to }
  }
}

function finish(
  successors: Successors,
  { order, place, dominators }: Analysis,
  dispatched: ReadonlySet<number>,
): FlowGraph {
  const dominated = successors.map((): number[] => [])
  const roots: number[] = []
  for (const node of order) {
    const above = dominators[node] ?? ROOT
    if (above === ROOT) roots.push(node)
    else dominated[above]?.push(node)
  }
  const loops = new Set<number>()
  const forward = new Array<number>(successors.length).fill(0)
  for (const node of dispatched) forward[node] = 2
  for (const from of order) {
    for (const to of successors[from] ?? []) {
      if (!isBack(place, from, to)) forward[to] = (forward[to] ?? 0) + 1
      else if (dominates(dominators, place, to, from)) loops.add(to)
    }
  }
  const joins = new Set(order.filter((node) => (forward[node] ?? 0) > 1))
  for (const node of roots) joins.add(node)
  return { order, place, dominated, roots, joins, loops, dispatched }
}
