import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { OpenampError } from '../../base/errors.js'
import { readImage } from '../../firmware/index.js'
import { boardToRun } from '../../machines/emulated/board-to-run.js'
import { file } from '../../node.js'
import { boardOption } from '../board-option.js'
import { kernel } from '../lab/kernel.js'
import { layoutOf, MEMORY } from '../lab/layout.js'
import { runLab } from '../lab/session.js'
import { numberOf, positional } from '../options.js'
import type { Terminal } from '../terminal.js'

export const labHelp = `usage: openamp linux lab FIRMWARE.elf [options]

A shell in a real Linux, whose kernel boots the image on an emulated core: /sys/class/remoteproc, debugfs,
/dev/rpmsg*, coredumps and all. The kernel is User-Mode Linux, built the first time (some minutes, from
Debian's source) and kept; it needs no root where the packages for that are installed. The files of this
machine are in it to read; it can change none of them. Ctrl-D ends it.

  --command "…"             runs this in it instead of a shell, and ends with its exit code
  --no-start                leaves the remote offline: echo start > …/state is yours
  --board NAME|FILE.json    the board; openamp boards lists them (the first that runs such images)
  --memory MIB              memory of that Linux (${MEMORY.usual}, or as much as the board needs)

exit codes: those of the shell or the command; 2 usage, 3 the image is not acceptable, 1 it could not be
built or run`

export async function lab(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      command: { type: 'string' },
      'no-start': { type: 'boolean', default: false },
      board: { type: 'string' },
      memory: { type: 'string' },
      debug: { type: 'boolean', default: false },
    },
  })
  const path = positional(positionals, 'FIRMWARE.elf', 'linux lab')
  const { command } = values
  const { stdin, stdout } = terminal
  if (command === undefined && !(stdin.isTTY && stdout.isTTY)) {
    throw new OpenampError('ERR_USAGE', 'a shell wants a terminal; without one, give --command "…"')
  }
  const image = await readImage(file(path))
  const chosen = values.board === undefined ? undefined : await boardOption(values.board)
  const board = boardToRun(chosen, image)
  const { memory: needed } = layoutOf(board)
  const bounds = { whole: true, atLeast: needed, atMost: MEMORY.most }
  const memory =
    values.memory === undefined
      ? Math.max(MEMORY.usual, needed)
      : numberOf(values.memory, '--memory', bounds)
  const code = await runLab({
    kernel: kernel(),
    image: { path, name: basename(path) },
    board,
    command,
    start: !values['no-start'],
    memory,
    terminal: stdout.isTTY ? { columns: stdout.columns, rows: stdout.rows } : undefined,
  })
  if (code !== undefined) return code
  throw new OpenampError('ERR_SYSTEM', 'the guest has ended without an end of its shell')
}
