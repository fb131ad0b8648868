import { parseArgs } from 'node:util'
import { printable } from '../../firmware/index.js'
import { linuxRemotes, type RemoteDevice } from '../../machines/linux/index.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { linuxOptions } from '../linux-options.js'
import { harmlessJson, paintFor, type Terminal } from '../terminal.js'

export const listHelp = `usage: openamp list [options]

Shows the remote processors of this machine, whose host is the Linux kernel: state, firmware, channels.

  --root DIR                the folder below which /sys and /dev are (/)
  --json                    one JSON object a line, a remote each

exit codes: 0 done, 1 there is none, 2 usage`

export async function list(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { root, json, debug } = linuxOptions
  const { values } = parseArgs({ args: [...args], options: { root, json, debug } })
  const { stdout, stderr, env } = terminal
  const remotes = linuxRemotes(values.root)
  const paint = paintFor(stdout, env)
  for (const remote of remotes) {
    if (values.json) stdout.write(`${harmlessJson(remote)}\n`)
    else for (const line of describe(remote, paint.bold)) stdout.write(`${line}\n`)
  }
  if (remotes.length > 0) return EXIT.done
  stderr.write('openamp: the kernel has no remote processor; openamp doctor says what is missing\n')
  return EXIT.crashed
}

function describe(remote: RemoteDevice, bold: (text: string) => string): readonly string[] {
  const { id, name, state, firmware, aliases, channels } = remote
  const called = [name, ...aliases].map(printable).join(', ')
  return [
    `${bold(id)} (${called}): ${printable(state)}, firmware ${printable(firmware)}`,
    ...channels.map((channel) => {
      const who = channel.node ?? (channel.driver === undefined ? 'no driver' : channel.driver)
      const address = channel.destination === 0xffff_ffff ? channel.source : channel.destination
      return `  ${printable(channel.name)} at ${address}: ${printable(who)}`
    }),
  ]
}
