import { type ChildProcess, spawn } from 'node:child_process'

export interface ChildOptions {
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]]
  readonly cwd?: string | URL | undefined
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
}

/** What a process has written is waited for so long after its end. */
const OUTPUT_MS = 200

/** How a process has ended, for a reason of a crash. */
export interface ChildEnd {
  /** True for exit code 0. */
  readonly inOrder: boolean
  /** "process 123 exited with code 3". */
  readonly how: string
}

/** A process that was spawned for one life of a remote; what it writes is the remote's console. */
export class Child {
  readonly #child: ChildProcess
  /** Resolves when the process has ended and all that it has written was handed on. */
  readonly ended: Promise<ChildEnd>

  constructor(options: ChildOptions, console: (bytes: Uint8Array) => void) {
    const [program, ...args] = options.command
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    child.stdout?.on('data', console)
    child.stderr?.on('data', console)
    this.ended = new Promise((resolve) => {
      child.on('error', (error) => {
        const { pid } = child
        if (pid === undefined) resolve({ inOrder: false, how: `${program}: ${error.message}` })
      })
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        const how = signal === null ? `exited with code ${code}` : `was killed by ${signal}`
        resolve({ inOrder: code === 0, how: `process ${child.pid} ${how}` })
      }
      child.on('close', end)
      // What it has written comes before that, but a process of its own may keep the pipes open.
      child.on('exit', (code, signal) => {
        setTimeout(() => {
          child.stdout?.destroy()
          child.stderr?.destroy()
          end(code, signal)
        }, OUTPUT_MS).unref()
      })
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
