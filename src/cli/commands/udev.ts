import { parseArgs } from 'node:util'
import { OpenampError } from '../../base/errors.js'
import { udevRules } from '../../machines/linux/index.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import type { Terminal } from '../terminal.js'

export const udevHelp = `usage: openamp linux udev [options]

Prints udev rules by which a group of users may do without root all that openamp does on this machine.

  --group NAME              the group (openamp)

exit codes: 0 done, 2 usage`

export async function udev(args: readonly string[], { stdout }: Terminal): Promise<ExitCode> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      group: { type: 'string', default: 'openamp' },
      debug: { type: 'boolean', default: false },
    },
  })
  const { group } = values
  if (!/^[a-z_][a-z0-9_-]*$/.test(group)) {
    throw new OpenampError('ERR_USAGE', `--group: "${group}" is no name of a group`)
  }
  stdout.write(udevRules(group))
  return EXIT.done
}
