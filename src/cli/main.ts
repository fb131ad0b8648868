#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { isOpenampError } from '../base/errors.js'
import { printable } from '../firmware/index.js'
import { boards, boardsHelp } from './commands/boards.js'
import { demo, demoHelp } from './commands/demo.js'
import { doctor, doctorHelp } from './commands/doctor.js'
import { inspect, inspectHelp } from './commands/inspect.js'
import { lifecycle } from './commands/lifecycle.js'
import { linux, linuxHelp } from './commands/linux.js'
import { list, listHelp } from './commands/list.js'
import { listen, listenHelp } from './commands/listen.js'
import { run, runHelp } from './commands/run.js'
import { send, sendHelp } from './commands/send.js'
import { sysfs, sysfsHelp } from './commands/sysfs.js'
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.js'
import { harmless, type Terminal } from './terminal.js'
import { fittedHelp } from './wrap.js'

interface Command {
  /** What it is, or what says it of one of several. */
  readonly help: string | ((args: readonly string[]) => string)
  /** @returns the exit code: one of ours, or that of a program of the user's */
  run(args: readonly string[], terminal: Terminal): Promise<number>
}

const commands = new Map<string, Command>([
  ['run', { help: runHelp, run }],
  ['inspect', { help: inspectHelp, run: inspect }],
  ['demo', { help: demoHelp, run: demo }],
  ['boards', { help: boardsHelp, run: boards }],
  ['linux', { help: linuxHelp, run: linux }],
  ['sysfs', { help: sysfsHelp, run: sysfs }],
  ['list', { help: listHelp, run: list }],
  ...lifecycle.map(({ name, ...command }): [string, Command] => [name, command]),
  ['send', { help: sendHelp, run: send }],
  ['listen', { help: listenHelp, run: listen }],
  ['doctor', { help: doctorHelp, run: doctor }],
])

const help = `usage: openamp COMMAND [options]

  run FIRMWARE.elf        boot an image on an emulated core and talk to it
  inspect FIRMWARE.elf    show what an image holds and what is wrong with it
  demo [NAME]             show a remote's life step by step; --list names the demos
  boards [NAME]           list the emulated boards, or show one
  linux lab FIRMWARE.elf  a shell in a real Linux whose kernel boots the image
  sysfs --root DIR        a folder that looks like sysfs, with emulated remotes behind it

on a Linux board, where the kernel is the host:

  list                    the remote processors of this machine, with state and channels
  start, stop             boot a remote, end it; also attach, detach, recover
  send CHANNEL MESSAGE    send a message and print the answer; listen prints what comes
  doctor                  say what is missing on this machine, and how to mend it
  linux udev              print udev rules, to do all that without root

openamp COMMAND --help says more; openamp --version says which version this is.
--debug with any command shows where an error comes from.`

async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args
  const { stdout, stderr } = terminal
  if (name === '--version') {
    const { version } = packageJson()
    stdout.write(`${version}\n`)
    return EXIT.done
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    stdout.write(`${fittedHelp(help, widthOf(stdout))}\n`)
    return EXIT.done
  }
  const command = name === undefined ? undefined : commands.get(name)
  if (command === undefined) {
    if (name !== undefined) stderr.write(`openamp: there is no command "${printable(name)}"\n`)
    stderr.write(`${fittedHelp(help, widthOf(stderr))}\n`)
    return EXIT.usage
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    const { help } = command
    const text = typeof help === 'string' ? help : help(rest)
    stdout.write(`${fittedHelp(text, widthOf(stdout))}\n`)
    return EXIT.done
  }
  return command.run(rest, terminal)
}

/** What is no terminal takes lines of any length. */
const widthOf = (stream: NodeJS.WriteStream): number =>
  stream.isTTY ? stream.columns : Number.POSITIVE_INFINITY

function packageJson(): { readonly version: string } {
  const parsed: unknown = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed) {
    return { version: String(parsed.version) }
  }
  return { version: 'unknown' }
}

function report(error: unknown, debug: boolean): ExitCode {
  const shown = error instanceof Error ? error : new Error(String(error))
  // parseArgs throws TypeErrors with codes of its own for options that it does not know.
  const parsing = 'code' in shown && String(shown.code).startsWith('ERR_PARSE_ARGS')
  // Node's messages may have several lines, of which the first says it; ours are one, and a line
  // feed in them is somebody's name.
  const [first = ''] = shown.message.split('\n')
  const line = printable(isOpenampError(error) ? error.message : first)
  process.stderr.write(`openamp: ${debug ? harmless(shown.stack ?? line) : line}\n`)
  return parsing ? EXIT.usage : exitCodeOf(error)
}

const args = process.argv.slice(2)
const { stdin, stdout, stderr, env } = process
// A reader that has gone (`| head`) has seen enough.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done)
  throw error
})
// Nobody is left to be told; what is printed elsewhere goes on.
stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})
try {
  process.exitCode = await main(args, { stdin, stdout, stderr, env })
} catch (error) {
  process.exitCode = report(error, args.includes('--debug'))
}
