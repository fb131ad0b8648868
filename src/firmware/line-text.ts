import { textUpToNul } from './text.js'

/** The sections that line programs are in: `.debug_line`, and the strings that version 5 refers to. */
export interface LineSections {
  readonly lines: Uint8Array
  /** `.debug_line_str`. */
  readonly strings?: Uint8Array | undefined
}

/** Compilers name the same few files in each unit: their text is no longer than the sections are. */
const TIMES = 16
const AT_LEAST = 0x1_0000

/**
 * The names in an image's line tables. A table can name a long string as often as it likes, for a few
 * bytes each time: so each string is decoded once, and all names together have an end.
 */
export class LineText {
  /** Up to the last string that ends. */
  readonly #strings: Uint8Array
  readonly #known = new Map<number, string>()
  #left: number

  constructor({ lines, strings = new Uint8Array(0) }: LineSections) {
    this.#strings = strings.subarray(0, strings.lastIndexOf(0) + 1)
    this.#left = AT_LEAST + TIMES * (lines.length + strings.length)
  }

  /** The string at an offset of `.debug_line_str`; '?' where none ends. @throws RangeError as `spend` */
  at(offset: number): string {
    const known = this.#known.get(offset)
    if (known !== undefined) return known
    if (offset >= this.#strings.length) return '?'
    // Before it is looked for: who has spent all gets no more work done.
    this.spend(0)
    const end = this.#strings.indexOf(0, offset)
    this.spend(end - offset)
    const text = textUpToNul(this.#strings.subarray(offset, end))
    this.#known.set(offset, text)
    return text
  }

  /** A name of so many characters is made. @throws RangeError where names have grown beyond all measure */
  spend(characters: number): void {
    this.#left -= characters
    if (this.#left < 0) throw new RangeError('names without end')
  }
}
