import { readdirSync, rmSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { execPath, kill, pid } from 'node:process'
import { fileURLToPath } from 'node:url'
import { spinTime, type WaitStyle } from '../../base/doorbell.js'
import { OpenampError } from '../../base/errors.js'
import { memory } from '../../firmware/index.js'
import type { Machine } from '../../remoteproc/index.js'
import { loadLibc } from '../native/libc-node.js'
import { layoutFirmware, processLayout } from './layout.js'
import {
  type MeetingOptions,
  meetingOf,
  privateFolder,
  SPAWNED,
  spawnedEnvironment,
} from './place-node.js'
import { ProcessProcessor } from './process-processor-node.js'

export interface ProcessOptions extends MeetingOptions {
  /**
   * Program and arguments of the remote, which is spawned at each boot and killed at each stop; what it
   * writes is the remote's console. Unless given, the remote is there already, or comes later.
   */
  readonly command?: readonly [string, ...string[]]
  /**
   * Likewise, a module that is run by this Node: one whose default export is what `defineRemote`
   * returns, as for `thread` (the resource table is the layout's here), or one that calls
   * `serveProcess` itself.
   */
  readonly module?: string | URL
  /** Arguments of the module. */
  readonly args?: readonly string[]
  readonly cwd?: string | URL
  /** Environment variables for it, besides those of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Given to the `main` of a `defineRemote`: anything that JSON can carry. */
  readonly data?: unknown
  /** How the host's end waits for the remote's; 'sleep' unless given. The remote chooses its own. */
  readonly wait?: WaitStyle
  /** Send what `send` is given in one turn of the event loop under one kick; on unless given. */
  readonly coalesce?: boolean
}

/**
 * A remote in another process, over memory that both map. Where the process is spawned for it, nothing
 * else is needed; else both ends are given the same name, or the same paths.
 *
 * @example
 * const machine = process({ module: new URL('./remote.js', import.meta.url) })
 * await using rproc = await Remoteproc.init({ machine })
 * @throws from `init`: ERR_USAGE, ERR_STATE where the folder of a name is open to others, ERR_SYSTEM;
 *   from `boot`: ERR_STATE where somebody else listens there
 */
export function process(options: ProcessOptions): Machine {
  const command = commandOf(options)
  const { layout = processLayout, name, socket, wait = 'sleep', coalesce = true } = options
  spinTime(wait)
  const what = String(options.module ?? command?.[0] ?? name ?? socket ?? '')
  const called = `process ${basename(what)}`
  return {
    kind: 'memory',
    name: called,
    firmware: memory(layoutFirmware(layout), called),
    open: async (listener) => {
      const libc = await loadLibc('openamp/process')
      const alone = command !== undefined && name === undefined && socket === undefined
      const meeting = meetingOf(alone ? { ...options, socket: freshSocket() } : options)
      const child = command && {
        command,
        cwd: options.cwd,
        env: {
          ...options.env,
          ...spawnedEnvironment(meeting),
          [SPAWNED.DATA]: options.data === undefined ? undefined : JSON.stringify(options.data),
        },
      }
      return new ProcessProcessor(libc, meeting, child, { style: wait, coalesce }, listener)
    },
  }
}

function commandOf({ command, module, args = [] }: ProcessOptions) {
  if (module === undefined) return command
  if (command !== undefined) {
    throw new OpenampError('ERR_USAGE', 'a remote is a command or a module, not both')
  }
  const isUrl = module instanceof URL || module.startsWith('file:')
  const runner = fileURLToPath(new URL('./run-module-node.js', import.meta.url))
  return [execPath, runner, isUrl ? fileURLToPath(module) : resolve(module), ...args] as const
}

let sockets = 0

/** A path that nobody else knows, for a process that is told it. */
function freshSocket(): string {
  const folder = privateFolder()
  removeLeft(folder)
  return join(folder, `spawned.${pid}.${++sockets}.sock`)
}

/** Sockets of processes that were killed before they could remove them. */
function removeLeft(folder: string): void {
  for (const file of readdirSync(folder)) {
    const owner = Number(/^spawned\.(\d+)\.\d+\.sock$/.exec(file)?.[1])
    if (Number.isInteger(owner) && !isAlive(owner)) rmSync(join(folder, file), { force: true })
  }
}

function isAlive(owner: number): boolean {
  try {
    return kill(owner, 0)
  } catch {
    return false
  }
}
