import { parseArgs } from 'node:util'
import { OpenampError } from '../../base/errors.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { parseHex } from '../input.js'
import { linuxHelpLines, linuxOptions, withRemote } from '../linux-options.js'
import { MessagePrinter } from '../message-printer.js'
import { numberOf } from '../options.js'
import type { Terminal } from '../terminal.js'

export const sendHelp = `usage: openamp send CHANNEL MESSAGE... [options]

Sends messages on a channel of a remote that runs, and prints what it answers. The remote runs on.

  --answers N               how many messages are waited for (one for each that is sent)
  --hex                     messages are bytes in hexadecimal
  --timeout SECONDS         bounds the wait for the channel, and for each answer (10)
${linuxHelpLines}

exit codes: 0 done, 1 the channel ended, 2 usage, 4 timed out`

export async function send(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...linuxOptions,
      answers: { type: 'string' },
      hex: { type: 'boolean', default: false },
      timeout: { type: 'string', default: '10' },
    },
  })
  const [name, ...texts] = positionals
  if (name === undefined || texts.length === 0) {
    throw new OpenampError('ERR_USAGE', 'CHANNEL and MESSAGE are wanted; see openamp send --help')
  }
  const timeout = numberOf(values.timeout, '--timeout', { above: 0 }) * 1000
  const answers =
    values.answers === undefined
      ? texts.length
      : numberOf(values.answers, '--answers', { atLeast: 0, whole: true })
  const messages = values.hex
    ? texts.map((text, index) => parseHex(text, index + 1))
    : texts.map((text) => new TextEncoder().encode(text))
  const printer = new MessagePrinter(values, terminal)
  await withRemote(values, async (remote) => {
    const rpmsg = remote.rpmsg()
    const channel = await rpmsg.channel(name, { timeout })
    for (const message of messages) await channel.send(message, { timeout })
    for (let i = 0; i < answers; i++) {
      printer.print(name, await channel.receive({ timeout }))
    }
  })
  return EXIT.done
}
