import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { OpenampError } from '../../base/errors.js'
import type { BoardDescription } from '../../boards/description.js'
import { killGuest, mountFolder, playBoard, quoted, startGuest } from './guest.js'
import type { Kernel } from './kernel.js'

export interface LabOptions {
  readonly kernel: Kernel
  /** The image's file, and what it is called in /lib/firmware. */
  readonly image: { readonly path: string; readonly name: string }
  readonly board: BoardDescription
  /** What runs instead of a shell. */
  readonly command: string | undefined
  readonly start: boolean
  /** MiB. */
  readonly memory: number
  readonly terminal: { readonly columns: number; readonly rows: number } | undefined
}

const RPROC = '/sys/class/remoteproc/remoteproc0'

/** In the guest's PATH: what is said in several lines otherwise. */
const rpmsgBind = `#!/bin/bash
# usage: rpmsg-bind CHANNEL: waits until the remote has announced it, makes /dev/rpmsgN for it, prints that
name=\${1:?usage: rpmsg-bind CHANNEL}
for ((i = 0; i < 200; i++)); do
  for device in /sys/bus/rpmsg/devices/virtio*."$name".*; do
    [ -e "$device" ] || continue
    if [ ! -e "$device/driver" ]; then
      echo rpmsg_chrdev >"$device/driver_override"
      echo "\${device##*/}" >/sys/bus/rpmsg/drivers/rpmsg_chrdev/bind || exit 1
    fi
    for node in "$device"/rpmsg/rpmsg*; do [ -e "$node" ] && echo "/dev/\${node##*/}" && exit 0; done
  done
  sleep 0.05
done
echo "rpmsg-bind: the remote has not announced $name" >&2
exit 1
`

const main = fileURLToPath(new URL('../main.js', import.meta.url))

/** This very command, for a kernel's remotes: as root in a guest of its own it may do everything. */
const openamp = `#!/bin/bash
exec ${quoted(process.execPath, main)} "$@"
`

const welcome = `
A Linux of its own. Its remote processor is an emulated core:
  ${RPROC}          state, firmware, recovery, coredump
  /sys/kernel/debug/remoteproc/remoteproc0   trace0, resource_table, carveout_memories
  /sys/bus/rpmsg/devices                     the channels; rpmsg-bind CHANNEL makes a /dev/rpmsgN
  dmesg                                      what kernel and remote have said
  openamp list, doctor, send, listen …       as on a board
This machine's files are here, read-only; /run can be written, and is gone at the end. Ctrl-D ends.
`

const shellSettings = `PS1='lab:\\w# '
cd
`

/** The folder for temporary files, if a word of the kernel's command line can name what is in there. */
function temporary(): string {
  const folder = tmpdir()
  return /\s/.test(folder) ? '/tmp' : folder
}

/** Runs a guest to its end. @returns the exit code of the command or shell; undefined where there is none */
export async function runLab(options: LabOptions): Promise<number | undefined> {
  const folder = mkdtempSync(join(temporary(), 'openamp-lab-'))
  const interactive = options.command === undefined
  const saved = options.terminal === undefined ? undefined : terminalSettings()
  const { kernel, memory } = options
  prepare(folder, options)
  const guest = startGuest({
    ...{ kernel, folder, memory },
    commands: commandsOf(folder, options),
    // The kernel's own messages go to a console that is not there: dmesg has them.
    parameters: ['quiet', 'console=ttyS0', `firmware_class.path=${FIRMWARE}`],
    stdio: [interactive ? 'inherit' : 'ignore', 'inherit', 'ignore'],
  })
  const end = (): void => killGuest(guest)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  let signal: NodeJS.Signals | undefined
  const onSignal = (name: NodeJS.Signals): void => {
    signal = name
    end()
  }
  for (const name of signals) process.on(name, onSignal)
  // Whoever is interrupted leaves no guest behind.
  process.once('exit', end)
  try {
    await new Promise<void>((resolve, reject) => {
      guest.on('error', reject)
      guest.on('exit', () => resolve())
    })
    if (signal !== undefined) return 128 + constants.signals[signal]
    const code = join(folder, 'code')
    return existsSync(code) ? Number(readFileSync(code, 'utf8')) : undefined
  } finally {
    end()
    process.off('exit', end)
    for (const name of signals) process.off(name, onSignal)
    if (saved !== undefined) spawnSync('stty', [saved], { stdio: 'inherit' })
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Where the kernel looks first; /lib/firmware need not be there on this machine. */
const FIRMWARE = '/run/firmware'

function prepare(folder: string, { image, command }: LabOptions): void {
  try {
    for (const name of ['bin', 'firmware']) mkdirSync(join(folder, name))
    copyFileSync(image.path, join(folder, 'firmware', image.name))
    writeFileSync(join(folder, 'bin/rpmsg-bind'), rpmsgBind, { mode: 0o755 })
    writeFileSync(join(folder, 'bin/openamp'), openamp, { mode: 0o755 })
    writeFileSync(join(folder, 'bashrc'), shellSettings)
    writeFileSync(join(folder, 'welcome'), welcome)
    writeFileSync(join(folder, 'command'), command ?? '')
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true })
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OpenampError('ERR_SYSTEM', why, { cause })
  }
}

function commandsOf(folder: string, options: LabOptions): readonly string[] {
  const { command, start, image, terminal } = options
  const at = (name: string): string => quoted(join(folder, name))
  const size = terminal === undefined ? '' : `stty cols ${terminal.columns} rows ${terminal.rows};`
  const environment = `PATH=${quoted(join(folder, 'bin'))}:$PATH`
  return [
    'exec </dev/tty0 >/dev/tty0 2>&1',
    'mkdir -p /dev/pts && mount -t devpts pts /dev/pts',
    // Any other place may hold what is wanted: this program, the image, the kernel's modules.
    'mount -t tmpfs tmpfs /run; mkdir /run/home /run/tmp',
    'export HOME=/run/home TMPDIR=/run/tmp',
    mountFolder(folder),
    'echo lab > /proc/sys/kernel/hostname',
    `mkdir -p ${FIRMWARE}; cp ${at('firmware')}/* ${FIRMWARE}`,
    // Where the directory is there to mount on, the usual place has it.
    `mount --bind ${FIRMWARE} /lib/firmware 2>/dev/null`,
    ...playBoard(options.kernel, options.board, folder, '>/dev/kmsg 2>&1'),
    'until [ "$(cat /sys/module/openamp_board/parameters/played)" = Y ]; do',
    '  kill -0 $! || break; sleep 0.05',
    'done',
    `echo ${quoted(image.name)} > ${RPROC}/firmware`,
    ...(start
      ? [
          `echo start > ${RPROC}/state 2>/dev/null ||`,
          `  { echo 'the remote could not be started; dmesg says:'; dmesg -t | grep remoteproc0; }`,
        ]
      : []),
    `export ${environment}`,
    command === undefined
      ? `cat ${at('welcome')}; setsid -c -w bash -c '${size} exec bash --rcfile '${at('bashrc')}' -i' ` +
        '</dev/tty0 >/dev/tty0 2>&1'
      : `cd; bash ${at('command')} 2>&1`,
    `echo $? > ${at('code')}`,
  ]
}

/** The terminal's settings in a form that stty takes; undefined where there is none. */
function terminalSettings(): string | undefined {
  const { status, stdout } = spawnSync('stty', ['-g'], {
    encoding: 'utf8',
    stdio: ['inherit', 'pipe', 'ignore'],
  })
  return status === 0 ? stdout.trim() : undefined
}
