import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The path of an image that comes with the package. */
export const image = (name: string): string => `${root}/firmware/images/${name}.elf`

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly child: ChildProcess
  /** Resolves when the standard output so far matches. */
  printed(pattern: RegExp, where?: 'stdout' | 'stderr'): Promise<void>
  readonly outcome: Promise<Outcome>
}

/** Starts `openamp` as a user does, in a process of its own. */
export function start(args: readonly string[], encoding: BufferEncoding = 'utf8'): Started {
  const child = spawn(process.execPath, [`${root}/dist/cli/main.js`, ...args], { stdio: 'pipe' })
  const text = { stdout: '', stderr: '' }
  const watchers: (() => void)[] = []
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding(encoding).on('data', (chunk: string) => {
      text[stream] += chunk
      for (const watcher of [...watchers]) watcher()
    })
  }
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...text }))
  })
  const printed = (pattern: RegExp, where: 'stdout' | 'stderr' = 'stdout'): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(text[where])) resolve()
      }
      watchers.push(look)
      look()
      void outcome.then(() => reject(new Error(`ended without ${pattern}: ${text.stderr}`)))
    })
  return { child, printed, outcome }
}

/** Runs `openamp` to its end with `input` on standard input. */
export function openamp(
  args: readonly string[],
  options: { readonly input?: string; readonly encoding?: BufferEncoding } = {},
): Promise<Outcome> {
  const { encoding = 'utf8' } = options
  const { child, outcome } = start(args, encoding)
  // A command that has ended reads no more; that is its right.
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '', encoding)
  return outcome
}

/** The objects of `--json`. */
export function events(stdout: string): readonly Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}
