import { parseArgs } from 'node:util'
import { isOpenampError } from '../../base/errors.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { linuxHelpLines, linuxOptions, withRemote } from '../linux-options.js'
import { MessagePrinter } from '../message-printer.js'
import { numberOf, positional } from '../options.js'
import type { Terminal } from '../terminal.js'

export const listenHelp = `usage: openamp listen CHANNEL [options]

Prints the messages that come on a channel of a remote that runs, until the channel ends or Ctrl-C. The
remote runs on. Most remotes send nothing before they know who listens: --hello tells them.

  --hello MESSAGE           is sent first
  --count N                 ends after so many messages
  --hex                     messages are bytes in hexadecimal
  --timeout SECONDS         bounds the wait for the channel (10)
${linuxHelpLines}

exit codes: 0 done, 2 usage, 4 timed out, 130 interrupted`

export async function listen(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...linuxOptions,
      hello: { type: 'string' },
      count: { type: 'string' },
      hex: { type: 'boolean', default: false },
      timeout: { type: 'string', default: '10' },
    },
  })
  const name = positional(positionals, 'CHANNEL', 'listen')
  const timeout = numberOf(values.timeout, '--timeout', { above: 0 }) * 1000
  const count =
    values.count === undefined
      ? Number.POSITIVE_INFINITY
      : numberOf(values.count, '--count', { above: 0, whole: true })
  const printer = new MessagePrinter(values, terminal)
  const interrupt = new AbortController()
  const onInterrupt = (): void => interrupt.abort()
  process.once('SIGINT', onInterrupt)
  const { signal } = interrupt
  try {
    await withRemote(values, async (remote) => {
      const channel = await remote.rpmsg().channel(name, { timeout, signal })
      if (values.hello !== undefined) await channel.send(values.hello, { timeout, signal })
      for (let i = 0; i < count; i++) printer.print(name, await channel.receive({ signal }))
    })
  } catch (error) {
    if (isOpenampError(error, 'ERR_ABORTED')) return EXIT.interrupted
    // The remote has ended the channel, or itself.
    if (!isOpenampError(error, 'ERR_CLOSED') && !isOpenampError(error, 'ERR_STOPPED')) throw error
  } finally {
    process.off('SIGINT', onInterrupt)
  }
  return EXIT.done
}
