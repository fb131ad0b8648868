import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Kernel } from './kernel.js'

const sandbox = fileURLToPath(new URL('../../../lab/sandbox.sh', import.meta.url))
const board = fileURLToPath(new URL('./board.js', import.meta.url))

/** Shell words, each as it is. */
export const quoted = (...words: readonly string[]): string =>
  words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')

/** MiB of a guest's memory: it must reach beyond the board's window; what is not used costs nothing. */
export const MEMORY = { usual: 512, least: 448, most: 16_384 } as const

export interface GuestOptions {
  readonly kernel: Kernel
  /** The one folder of this machine's that the guest can write into, at the same path in the guest. */
  readonly folder: string
  /** Shell commands for the guest's first process; the guest ends with them. */
  readonly commands: readonly string[]
  /** Parameters of the kernel's command line. */
  readonly parameters?: readonly string[]
  /** MiB. */
  readonly memory?: number
  readonly stdio: StdioOptions
}

let guests = 0

/**
 * Boots a guest: the files of this machine, read-only, under a Linux of its own. It is the leader of a
 * process group, which is to be killed as a whole: the kernel's helpers can outlive it.
 */
export function startGuest(options: GuestOptions): ChildProcess {
  const { kernel, folder, commands, parameters = [], memory = MEMORY.usual, stdio } = options
  const init = join(folder, `init-${++guests}`)
  const script = [
    '#!/bin/bash',
    `export PATH=${quoted(process.env['PATH'] ?? '')}`,
    'mount -t proc proc /proc; mount -t sysfs sys /sys',
    'mount -t debugfs debug /sys/kernel/debug',
    ...commands,
    'echo o > /proc/sysrq-trigger',
    'sleep 9',
  ]
  writeFileSync(init, `${script.join('\n')}\n`, { mode: 0o755 })
  return spawn(
    sandbox,
    [
      // Without a random gap in it the guest's memory is where it is expected to be.
      ...[folder, 'setarch', '-R', kernel.program],
      ...[`mem=${memory}M`, 'root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro'],
      ...[`init=${init}`, 'con=null', 'con0=fd:0,fd:1', ...parameters],
    ],
    // The guest's memory is a file there, of the sandbox's own.
    { stdio, detached: true, env: { ...process.env, TMPDIR: '/dev/shm' } },
  )
}

/** Ends a guest and its helpers at once. */
export function killGuest(guest: ChildProcess): void {
  try {
    if (guest.pid !== undefined) process.kill(-guest.pid, 'SIGKILL')
  } catch {
    // it has ended
  }
}

/** A command for the guest: makes the folder at the same path as outside, writable there, too. */
export const mountFolder = (folder: string): string =>
  `mkdir -p ${quoted(folder)}; mount -t hostfs -o ${quoted(folder)} none ${quoted(folder)}`

/**
 * Commands for the guest: the kernel has a remote processor, which a program plays from then on.
 * @param redirect where the program tells of the remote, in the shell's words
 * @param poweredOff a file that is made when the remote has powered itself off
 */
export function playBoard(
  { modules }: Kernel,
  redirect: string,
  poweredOff: readonly string[] = [],
): readonly string[] {
  return [
    `insmod ${quoted(join(modules, 'openamp_board.ko'))}`,
    `${quoted(process.execPath, board, ...poweredOff)} ${redirect} &`,
  ]
}
