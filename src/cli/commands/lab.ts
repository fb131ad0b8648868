import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { OpenampError } from '../../base/errors.js'
import { EM_RISCV, readImage } from '../../firmware/index.js'
import { file } from '../../node.js'
import { MEMORY } from '../lab/guest.js'
import { kernel } from '../lab/kernel.js'
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
  --memory MIB              memory of that Linux (${MEMORY.usual})

exit codes: those of the shell or the command; 2 usage, 3 the image is not acceptable, 1 it could not be
built or run`

export async function lab(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      command: { type: 'string' },
      'no-start': { type: 'boolean', default: false },
      memory: { type: 'string', default: String(MEMORY.usual) },
      debug: { type: 'boolean', default: false },
    },
  })
  const path = positional(positionals, 'FIRMWARE.elf', 'linux lab')
  const { least, most } = MEMORY
  const memory = numberOf(values.memory, '--memory', { whole: true, atLeast: least, atMost: most })
  const { command } = values
  const { stdin, stdout } = terminal
  if (command === undefined && !(stdin.isTTY && stdout.isTTY)) {
    throw new OpenampError('ERR_USAGE', 'a shell wants a terminal; without one, give --command "…"')
  }
  const image = await readImage(file(path))
  if (image.machine !== EM_RISCV || image.bits !== 32) {
    throw new OpenampError(
      'ERR_IMAGE',
      `${path}: expected an image for 32-bit RISC-V, for virt-rv32`,
    )
  }
  const code = await runLab({
    kernel: kernel(),
    image: { path, name: basename(path) },
    command,
    start: !values['no-start'],
    memory,
    terminal: stdout.isTTY ? { columns: stdout.columns, rows: stdout.rows } : undefined,
  })
  if (code !== undefined) return code
  throw new OpenampError('ERR_SYSTEM', 'the guest has ended without an end of its shell')
}
