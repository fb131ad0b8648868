import type { InstructionObserver } from '../cores/debug.js'
import { type FirmwareImage, type LineRange, printable, sourcePath } from '../firmware/index.js'

/** Counts how often each instruction was executed, and tells it by lines. */
export class Coverage implements InstructionObserver {
  readonly #counts = new Map<number, number>()

  instruction(pc: number): void {
    this.#counts.set(pc, (this.#counts.get(pc) ?? 0) + 1)
  }

  /**
   * The report in the form of lcov's tracefiles (geninfo(1)): every line of the image's line table,
   * with the number of times that it was come to. Of several places in the code that one line has (a
   * loop's head, copies that the compiler has made) it is that of the one that was come to most often.
   */
  lcov(image: FirmwareImage): string {
    const files = new Map<string, LineRange[]>()
    for (const range of image.lines?.ranges ?? []) {
      const path = sourcePath(range)
      const ranges = files.get(path) ?? []
      ranges.push(range)
      files.set(path, ranges)
    }
    return [...files]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, ranges]) => this.#record(path, ranges, image))
      .join('')
  }

  #record(path: string, ranges: readonly LineRange[], image: FirmwareImage): string {
    const lines = new Map<number, number>()
    const functions = new Map<string, { line: number; count: number }>()
    for (const { address, line, statement } of ranges) {
      const count = this.#counts.get(address) ?? 0
      // Inside a statement a line may be come to again; where none begins, that is all there is.
      if (statement || !lines.has(line)) lines.set(line, Math.max(lines.get(line) ?? 0, count))
      const place = image.functionAt(address)
      if (place?.offset === 0) functions.set(printable(place.name), { line, count })
    }
    const byLine = [...lines].filter(([line]) => line > 0).sort(([a], [b]) => a - b)
    const covered = (counts: readonly number[]): number => counts.filter((n) => n > 0).length
    const text = [
      'TN:',
      `SF:${printable(path)}`,
      ...[...functions].map(([name, { line }]) => `FN:${line},${name}`),
      ...[...functions].map(([name, { count }]) => `FNDA:${count},${name}`),
      `FNF:${functions.size}`,
      `FNH:${covered([...functions.values()].map(({ count }) => count))}`,
      ...byLine.map(([line, count]) => `DA:${line},${count}`),
      `LF:${byLine.length}`,
      `LH:${covered(byLine.map(([, count]) => count))}`,
      'end_of_record',
    ]
    return `${text.join('\n')}\n`
  }
}
