import { parseArgs } from 'node:util'
import { OpenampError } from '../../base/errors.js'
import { printable } from '../../firmware/index.js'
import { boardOption } from '../board-option.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { PlainFiles } from '../sysfs/files.js'
import { framings } from '../sysfs/framing.js'
import { FuseServer } from '../sysfs/fuse.js'
import { Place } from '../sysfs/place.js'
import { System, type WantedRemote } from '../sysfs/system.js'
import type { Terminal } from '../terminal.js'

export const sysfsHelp = `usage: openamp sysfs --root DIR [options]

A folder that looks like the root of a Linux board with remote processors: DIR/sys/class/remoteproc,
DIR/lib/firmware and the rest, behind which emulated remotes really boot. For programs that know paths in
sysfs alone. Ctrl-C ends it, and takes away what it has made. DIR is empty, not there, or one that an
earlier run has left.

  --remote NAME[=BOARD]     a remote (rproc0), and its board, by its name (openamp boards) or a FILE.json; the
                            first that runs the image unless given. Several times for several remotes
  --framing HOW             how messages stand on the sockets DIR/dev/rpmsgN: lines (one a line), or length
                            (32 bits, little-endian, before each)
  --plain                   plain files, also where FUSE is at hand (Linux, koffi, and root or fusermount3): they
                            cannot refuse

exit codes: 0 ended, 1 the system refused, 2 usage`

export async function sysfs(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      root: { type: 'string' },
      remote: { type: 'string', multiple: true, default: ['rproc0'] },
      framing: { type: 'string', default: 'lines' },
      plain: { type: 'boolean', default: false },
      debug: { type: 'boolean', default: false },
    },
  })
  if (values.root === undefined) {
    throw new OpenampError('ERR_USAGE', '--root DIR is missing; see openamp sysfs --help')
  }
  const framing = framings.get(values.framing)
  if (framing === undefined) {
    throw new OpenampError('ERR_USAGE', `--framing: expected ${[...framings.keys()].join(' or ')}`)
  }
  const remotes = await Promise.all(values.remote.map(wantedRemote))
  const { stdout, stderr } = terminal
  const say = (line: string): void => {
    stdout.write(`${printable(line)}\n`)
  }

  // From here on: what is mounted must not stay where somebody has had enough of it at once.
  const interruption = interrupted()
  let place: Place
  try {
    place = await Place.take(values.root)
  } catch (error) {
    interruption.forget()
    throw error
  }
  let face: FuseServer | PlainFiles | undefined
  let system: System | undefined
  try {
    system = new System(remotes, place, framing, say)
    const { root } = system
    const refused = (path: string, errno: string): void => {
      stderr.write(`openamp: ${path}: ${errno}, and the file is as it was\n`)
    }
    const why = values.plain
      ? 'as asked for'
      : await FuseServer.mount(root, place.sys).then(
          (fuse) => {
            face = fuse
            return undefined
          },
          (error: unknown) => (error instanceof Error ? error.message : String(error)),
        )
    if (why !== undefined) {
      const files = new PlainFiles(root, place.sys, refused)
      system.changed = () => files.refresh()
      face = files
      say(`plain files, ${why}: what is refused is told here alone`)
    }
    for (const { label, name } of system.remotes) {
      say(`${place.sys}/class/remoteproc/${label}: ${name}`)
    }
    say(`firmware: ${place.firmware}`)
    await interruption.come
    return EXIT.done
  } finally {
    interruption.forget()
    await system?.end()
    if (system !== undefined) system.changed = () => {}
    face?.close()
    await place.leave()
  }
}

/** NAME or NAME=BOARD. @throws ERR_USAGE */
async function wantedRemote(text: string): Promise<WantedRemote> {
  const [, name = '', board] = /^([^=]*)(?:=(.*))?$/.exec(text) ?? []
  if (name === '' || board === '') {
    throw new OpenampError('ERR_USAGE', `--remote: expected NAME[=BOARD], found "${text}"`)
  }
  return { name, board: board === undefined ? undefined : await boardOption(board) }
}

/** The user has had enough: `come` resolves then, if not forgotten before. */
function interrupted(): { readonly come: Promise<void>; forget(): void } {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  // What serves the folder need not keep the program alive by itself.
  const keepAlive = setInterval(() => {}, 2 ** 30)
  let resolve = (): void => {}
  const come = new Promise<void>((done) => {
    resolve = done
  })
  const forget = (): void => {
    clearInterval(keepAlive)
    for (const signal of signals) process.off(signal, done)
  }
  const done = (): void => {
    // A second one ends it at once.
    forget()
    resolve()
  }
  for (const signal of signals) process.on(signal, done)
  return { come, forget }
}
