import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** GDB with its machine interface, as a development environment has it: one command at a time, and events. */
export class MachineInterface {
  readonly #child: ChildProcessWithoutNullStreams
  /** Lines that nobody has waited for yet, and who waits for the next ones. */
  readonly #lines: string[] = []
  #waiting: (() => void) | undefined
  #token = 0
  #ended = false

  constructor(tool: string) {
    const env = { ...process.env, LC_ALL: 'C' }
    this.#child = spawn(tool, ['-nx', '-q', '-i=mi3'], { env })
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#lines.push(line)
      this.#waiting?.()
    })
    this.#child.on('close', () => {
      this.#ended = true
      this.#waiting?.()
    })
  }

  /** Sends a command. @returns its result: `done,…`, `running`, `error,…` */
  async command(text: string): Promise<string> {
    const token = `${++this.#token}^`
    this.#child.stdin.write(`${this.#token}${text}\n`)
    return (await this.#next((line) => line.startsWith(token))).slice(token.length)
  }

  /** The next time that the remote stops: `reason="…",…`. */
  async stopped(): Promise<string> {
    return (await this.#next((line) => line.startsWith('*stopped'))).slice('*stopped,'.length)
  }

  async close(): Promise<void> {
    if (this.#ended) return
    const ended = new Promise((resolve) => this.#child.once('close', resolve))
    this.#child.stdin.end('-gdb-exit\n')
    await ended
  }

  /** The first line of those that have come, or are to come, that is wanted. */
  async #next(wanted: (line: string) => boolean): Promise<string> {
    for (;;) {
      const at = this.#lines.findIndex(wanted)
      const [line] = at < 0 ? [] : this.#lines.splice(at, 1)
      if (line !== undefined) return line
      if (this.#ended) throw new Error(`GDB has ended: ${this.#lines.join('\n')}`)
      await new Promise<void>((resolve) => {
        this.#waiting = resolve
      })
    }
  }
}
