import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { virtRv32 } from '../../dist/boards/catalogue/virt-rv32.js'
import { killGuest, mountFolder, playBoard, startGuest } from '../../dist/cli/lab/guest.js'
import { builtKernel } from '../../dist/cli/lab/kernel.js'

/** The built kernel; undefined where it could not be built, and then every test is skipped. */
export const linux = process.env['OPENAMP_LINUX'] === undefined ? undefined : builtKernel()

/** A folder for this file's guests, which they can write into. */
export const folder = mkdtempSync(join(tmpdir(), 'openamp-linux-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const programs = fileURLToPath(new URL('./built/', import.meta.url))
export const images = fileURLToPath(new URL('../../firmware/images/', import.meta.url))

export interface GuestOptions {
  /** Shell commands for the guest's first process. */
  readonly commands: readonly string[]
  /** Parameters of the kernel's command line. */
  readonly parameters?: readonly string[]
}

/** A guest that takes longer has failed, and is ended; on a machine that is busy with other things each is slow. */
const SECONDS = 600

/** What a guest has said. */
export interface Guest {
  /** All that it printed. */
  readonly output: string
  /** What its programs have said, by name. */
  readonly said: Readonly<Record<string, unknown>>
}

/** A command that runs a program of `guest/`. */
export const program = (name: string, ...args: readonly (string | number)[]): string =>
  `${process.execPath} ${programs}${name}.js ${args.join(' ')} 2>&1`

/** Commands that make the emulated board the guest's remote processor. */
export const board: readonly string[] =
  linux === undefined ? [] : playBoard(linux, virtRv32, folder, '', [join(folder, 'powered-off')])

/** Boots the kernel, runs commands in it, and waits for its end. */
export async function boot(options: GuestOptions): Promise<Guest> {
  if (linux === undefined) throw new Error('the kernel is not there')
  const { commands, parameters = [] } = options
  const child = startGuest({
    ...{ kernel: linux, folder, parameters },
    commands: [mountFolder(folder), 'export HOME=/root', ...commands],
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const end = (): void => killGuest(child)
  let late = false
  const deadline = setTimeout(() => {
    late = true
    end()
  }, SECONDS * 1000)
  // Whoever is interrupted leaves no guest behind.
  process.once('exit', end)
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await new Promise((resolve) => child.on('close', resolve))
  clearTimeout(deadline)
  process.off('exit', end)
  if (late) throw new Error(`the guest did not end within ${SECONDS} s:\n${output.slice(-4000)}`)
  const lines = Array.from(output.matchAll(/^@(\[.*\])\r?$/gm), ([, line = '']) => JSON.parse(line))
  for (const [name, value] of lines) if (name === 'calls') count(value)
  return { output, said: Object.fromEntries(lines.filter(([name]) => name !== 'calls')) }
}

/** Hands what was exercised on to whoever prints the table at the end. */
function count(calls: unknown): void {
  const file = process.env['OPENAMP_LINUX_CALLS']
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(calls)}\n`)
}
