import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BoardDescription } from '../../boards/description.js'
import type { Kernel } from './kernel.js'
import { layoutOf, MEMORY } from './layout.js'

const sandbox = fileURLToPath(new URL('../../../lab/sandbox.sh', import.meta.url))
const board = fileURLToPath(new URL('./board.js', import.meta.url))

/** Shell words, each as it is. */
export const quoted = (...words: readonly string[]): string =>
  words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')

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
  // Where this user is not root, files of root's are nobody's in the guest, and programs that are setuid
  // run as nobody, the usual mount among them: this copy ends that.
  const mount = join(folder, 'mount')
  copyFileSync('/bin/mount', mount)
  chmodSync(mount, 0o755)
  const script = [
    '#!/bin/bash',
    `export PATH=${quoted(process.env['PATH'] ?? '')}`,
    `${quoted(mount)} -t proc proc /proc; ${quoted(mount)} -o remount,bind,nosuid /`,
    'mount -t sysfs sys /sys',
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
    // The guest's memory is a file there, of the sandbox's own; and so is its folder .uml.
    { stdio, detached: true, env: { ...process.env, TMPDIR: '/dev/shm', HOME: '/dev/shm' } },
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
 * @param folder of the guest: the board's description is laid into it
 * @param redirect where the program tells of the remote, in the shell's words
 * @param poweredOff a file that is made when the remote has powered itself off
 * @throws ERR_USAGE for a board that cannot be a kernel's remote
 */
export function playBoard(
  { modules }: Kernel,
  description: BoardDescription,
  folder: string,
  redirect: string,
  poweredOff: readonly string[] = [],
): readonly string[] {
  const { parameters } = layoutOf(description)
  const file = join(folder, 'board.json')
  writeFileSync(file, JSON.stringify(description))
  return [
    `insmod ${quoted(join(modules, 'openamp_board.ko'), ...parameters)}`,
    `${quoted(process.execPath, board, file, ...poweredOff)} ${redirect} &`,
  ]
}
