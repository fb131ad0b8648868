import { parseArgs } from 'node:util'
import { OpenampError } from '../../base/errors.js'
import { demos } from '../demos/index.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { paintFor, type Terminal } from '../terminal.js'

export const demoHelp = `usage: openamp demo [NAME]

Boots an image that comes with the package on an emulated core, and shows step by step what happens;
without a name, each step of the life of an echo remote.

  --list                    the names, a line each

exit codes: 0 done, 2 usage`

export async function demo(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { list: { type: 'boolean' }, debug: { type: 'boolean' } },
  })
  const { stdout, env } = terminal
  const paint = paintFor(stdout, env)
  const say = (line = ''): void => {
    stdout.write(`${line}\n`)
  }
  if (values.list) {
    const width = Math.max(...demos.map(({ name }) => name.length))
    for (const { name, summary } of demos) say(`  ${paint.bold(name.padEnd(width))}  ${summary}`)
    return EXIT.done
  }
  const [name = demos[0].name, ...rest] = positionals
  const chosen = demos.find((other) => other.name === name)
  if (chosen === undefined || rest.length > 0) {
    const what = chosen === undefined ? `there is no demo "${name}"` : 'demo takes one name'
    throw new OpenampError('ERR_USAGE', `${what}; openamp demo --list names them`)
  }
  const step = (title: string): void => say(`\n${paint.bold(paint.cyan('●'))} ${paint.bold(title)}`)
  await chosen.run({ say, step, paint })
  return EXIT.done
}
