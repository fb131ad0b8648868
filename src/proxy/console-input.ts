/**
 * Where a remote's standard input comes from: called when it reads and nothing is left of the last
 * piece. Gives the next piece (a line with its end, say), or undefined at the end of the input.
 */
export type InputSource = () => Promise<Uint8Array | string | undefined>

const encoder = new TextEncoder()

/** Standard input in pieces: what a read leaves over is for the next one. */
export class ConsoleInput {
  readonly #source: InputSource
  #rest: Uint8Array = new Uint8Array(0)
  #ended = false

  constructor(source: InputSource) {
    this.#source = source
  }

  /** Whether a read has to wait for the source. */
  get empty(): boolean {
    return this.#rest.length === 0 && !this.#ended
  }

  /** At most `most` bytes, at least one; none at the end of the input, for good. */
  async read(most: number): Promise<Uint8Array> {
    while (this.empty) {
      const piece = await this.#source()
      if (piece === undefined) this.#ended = true
      else this.#rest = typeof piece === 'string' ? encoder.encode(piece) : piece
    }
    const bytes = this.#rest.slice(0, most)
    this.#rest = this.#rest.subarray(bytes.length)
    return bytes
  }
}
