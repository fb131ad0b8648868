import { parseArgs } from 'node:util'
import { printable } from '../../firmware/index.js'
import { checkLinux } from '../../machines/linux/index.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { linuxOptions } from '../linux-options.js'
import { harmlessJson, paintFor, type Terminal } from '../terminal.js'

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
    ok: paint.green('ok     '),
    limited: paint.yellow('limited'),
    missing: paint.red('missing'),
  }
  // A serial console says that it has none.
  const width = stdout.isTTY && stdout.columns > 0 ? stdout.columns : Number.POSITIVE_INFINITY
  const checks = await checkLinux({ root: values.root })
  for (const check of checks) {
    if (values.json) {
      stdout.write(`${harmlessJson(check)}\n`)
      continue
    }
    const { name, state, found, mend } = check
    const text = printable(`${name}: ${found}`)
    stdout.write(`${marks[state]}  ${folded(text, INDENT, width)}\n`)
    if (mend === undefined) continue
    stdout.write(
      `${' '.repeat(INDENT)}${folded(printable(`to mend it: ${mend}`), INDENT, width)}\n`,
    )
  }
  const count = (wanted: string): number => checks.filter(({ state }) => state === wanted).length
  const [limited, missing] = [count('limited'), count('missing')]
  if (!values.json) {
    const nothing = missing === 0 ? 'nothing is missing' : `${missing} missing`
    stdout.write(`${nothing}${limited === 0 ? '' : `, ${limited} limited`}\n`)
  }
  return missing > 0 ? EXIT.crashed : EXIT.done
}

/** Columns before the text. */
const INDENT = 9

/** Broken between words so that no line is wider than the terminal, with the same indent on each but the first. */
function folded(text: string, indent: number, width: number): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && indent + longer.length > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}
