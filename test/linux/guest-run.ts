import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

/** The folder of the built test modules, inside that of the kernel; undefined where there is none. */
const modules = process.env['OPENAMP_LINUX']

/** The built kernel; undefined where it could not be built, and then every test is skipped. */
export const linux =
  modules === undefined
    ? undefined
    : { modules, build: join(modules, '../build'), kernel: join(modules, '../build/linux') }

/** A folder for this file's guests; the guest sees it, too, for it sees all files of the host's. */
export const folder = mkdtempSync(join(tmpdir(), 'openamp-linux-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const programs = fileURLToPath(new URL('./built/', import.meta.url))
export const images = fileURLToPath(new URL('../../firmware/images/', import.meta.url))

export interface GuestOptions {
  /** Shell commands for the guest's first process. */
  readonly commands: readonly string[]
  /** Parameters of the kernel's command line. */
  readonly parameters?: readonly string[]
  /** A guest that takes longer has failed, and is ended. */
  readonly seconds?: number
}

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

let guests = 0

/** Boots the kernel, runs commands in it, and waits for its end. */
export async function boot(options: GuestOptions): Promise<Guest> {
  const { commands, parameters = [], seconds = 100 } = options
  const init = join(folder, `init-${++guests}`)
  const script = [
    '#!/bin/bash',
    `export PATH=${process.env['PATH']} HOME=/root`,
    'mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev',
    'mount -t debugfs debug /sys/kernel/debug',
    // All files of the host's are there to read; this folder alone can be written.
    `mount -t hostfs -o ${folder} none ${folder}`,
    ...commands,
    'echo o > /proc/sysrq-trigger',
    'sleep 9',
  ]
  writeFileSync(init, `${script.join('\n')}\n`, { mode: 0o755 })
  const child = spawn(
    'setarch',
    [
      // Without a random gap in it the guest's memory is where it is expected to be.
      ...['-R', linux?.kernel ?? ''],
      // It must reach beyond the window at 0x1800_0000; what is not used costs nothing.
      ...['mem=512M', 'root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro', `init=${init}`],
      ...['con=null', 'con0=null,fd:1', ...parameters],
    ],
    // A process group of its own, for the kernel's helper processes outlive it.
    { stdio: ['ignore', 'pipe', 'ignore'], detached: true },
  )
  const end = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  let late = false
  const deadline = setTimeout(() => {
    late = true
    end()
  }, seconds * 1000)
  // Whoever is interrupted leaves no guest behind.
  process.once('exit', end)
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await new Promise((resolve) => child.on('close', resolve))
  clearTimeout(deadline)
  process.off('exit', end)
  if (late) throw new Error(`the guest did not end within ${seconds} s:\n${output.slice(-4000)}`)
  const lines = Array.from(output.matchAll(/^@(\[.*\])\r?$/gm), ([, line = '']) => JSON.parse(line))
  for (const [name, value] of lines) if (name === 'calls') count(value)
  return { output, said: Object.fromEntries(lines.filter(([name]) => name !== 'calls')) }
}

/** Hands what was exercised on to whoever prints the table at the end. */
function count(calls: unknown): void {
  const file = process.env['OPENAMP_LINUX_CALLS']
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(calls)}\n`)
}
