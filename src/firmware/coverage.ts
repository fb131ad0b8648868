import type { Segment } from './image.js'

/**
 * Whether an address lies in one of the segments, as they are linked. It is asked for each line of a
 * line table, of which a hostile image has as many as it has segments, so none is looked at twice.
 */
export function coverage(
  segments: readonly Pick<Segment, 'vaddr' | 'memsz'>[],
): (address: number) => boolean {
  // Stretches without a gap, in order.
  const starts: number[] = []
  const ends: number[] = []
  for (const { vaddr, memsz } of [...segments].sort((a, b) => a.vaddr - b.vaddr)) {
    const last = ends.length - 1
    const end = ends[last]
    if (end !== undefined && vaddr <= end) ends[last] = Math.max(end, vaddr + memsz)
    else {
      starts.push(vaddr)
      ends.push(vaddr + memsz)
    }
  }
  return (address) => {
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((ends[middle] ?? 0) <= address) low = middle + 1
      else high = middle
    }
    const start = starts[low]
    return start !== undefined && address >= start
  }
}
