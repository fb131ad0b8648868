import { parseArgs } from 'node:util'
import { OpenampError } from '../../base/errors.js'
import { printable } from '../../firmware/index.js'
import type { LinuxRemote } from '../../machines/linux/index.js'
import { file } from '../../node.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import { linuxHelpLines, linuxOptions, withRemote } from '../linux-options.js'
import { harmlessJson, type Terminal } from '../terminal.js'

/** What a command asks of the kernel. */
interface Word {
  readonly name: string
  readonly help: string
  ask(remote: LinuxRemote): Promise<void>
}

const start: Word = {
  name: 'start',
  help: `Boots the remote with the firmware that it has, or with FIRMWARE.elf, which is laid where the kernel
finds it. It runs on when the command has ended.`,
  ask: async (remote) => {
    // A start of one that runs would only be counted.
    if (remote.state !== 'offline') {
      throw new OpenampError('ERR_STATE', `${remote.name} is ${remote.state}, not offline`)
    }
    await remote.start()
  },
}
const stop: Word = {
  name: 'stop',
  help: 'Stops the remote. The kernel counts starts: it takes as many stops.',
  ask: (remote) => remote.stop(),
}
const attach: Word = {
  name: 'attach',
  help: 'Attaches the kernel to a remote that runs already (state detached).',
  ask: async (remote) => {
    if (remote.state !== 'detached') {
      throw new OpenampError('ERR_STATE', `${remote.name} is ${remote.state}, not detached`)
    }
    await remote.start()
  },
}
const detach: Word = {
  name: 'detach',
  help: 'Lets the kernel go of a remote that it has attached to, and leaves it running.',
  ask: (remote) => remote.detach(),
}
const recover: Word = {
  name: 'recover',
  help: 'Boots a remote again that has crashed while recovery was off.',
  ask: async (remote) => {
    if (remote.state !== 'crashed') {
      throw new OpenampError('ERR_STATE', `${remote.name} is ${remote.state}, not crashed`)
    }
    await remote.recover()
  },
}

/** The commands that change a remote's state, with their help. */
export const lifecycle = [start, stop, attach, detach, recover].map((word) => ({
  name: word.name,
  help: `usage: openamp ${word.name}${word === start ? ' [FIRMWARE.elf]' : ''} [options]

${word.help}

${linuxHelpLines}

exit codes: 0 done, 1 the kernel refused, 2 usage or state, 3 the firmware`,
  run: (args: readonly string[], terminal: Terminal) => run(word, args, terminal),
}))

async function run(word: Word, args: readonly string[], { stdout }: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: linuxOptions,
  })
  const [path, ...more] = positionals
  if (more.length > 0 || (path !== undefined && word !== start)) {
    const found = printable(more[0] ?? path ?? '')
    throw new OpenampError('ERR_USAGE', `unexpected "${found}"; see openamp ${word.name} --help`)
  }
  await withRemote(values, async (remote) => {
    if (path !== undefined) await remote.placeForGood(file(path))
    await word.ask(remote)
    const { id, name, state } = remote.device
    if (values.json) stdout.write(`${harmlessJson({ id, name, state })}\n`)
    else stdout.write(`${printable(remote.name)}: ${printable(state)}\n`)
  })
  return EXIT.done
}
