import { parseArgs } from 'node:util'
import { printable } from '../../firmware/index.js'
import { checkLinux } from '../../machines/linux/index.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { linuxOptions } from '../linux-options.js'
import { paintFor, type Terminal } from '../terminal.js'

export const doctorHelp = `usage: openamp doctor [options]

Looks at what this machine needs for remote processors whose host is the Linux kernel, and says what is
missing and how to mend it.

  --root DIR                the folder below which /sys, /dev and /lib/firmware are (/)
  --json                    one JSON object a line

exit codes: 0 all that is needed is there, 1 something is missing, 2 usage`

export async function doctor(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { root, json, debug } = linuxOptions
  const { values } = parseArgs({ args: [...args], options: { root, json, debug } })
  const { stdout, env } = terminal
  const paint = paintFor(stdout, env)
  const marks = {
    ok: paint.green('ok'),
    limited: paint.yellow('limited'),
    missing: paint.red('missing'),
  }
  const checks = await checkLinux({ root: values.root })
  for (const check of checks) {
    if (values.json) {
      stdout.write(`${JSON.stringify(check)}\n`)
      continue
    }
    const { name, state, found, mend } = check
    stdout.write(`${printable(name)}: ${marks[state]}: ${printable(found)}\n`)
    if (mend !== undefined) stdout.write(`  to mend it: ${mend}\n`)
  }
  return checks.some(({ state }) => state === 'missing') ? EXIT.crashed : EXIT.done
}
