import { OpenampError } from '../base/errors.js'
import type { Debugger } from '../machines/index.js'
import { type GdbListener, gdbServer } from '../node.js'
import { numberOf } from './options.js'
import { Recordings } from './recordings.js'
import type { Terminal } from './terminal.js'

const GDB_PORT = 3333

/** The options with which a remote is debugged, as parseArgs takes them. */
export const debugOptions = {
  gdb: { type: 'string' },
  'gdb-no-wait': { type: 'boolean', default: false },
  profile: { type: 'string' },
  coverage: { type: 'string' },
  'trace-instructions': { type: 'string' },
} as const

/** Their lines in the help. */
export const debugHelp = `  --gdb [PORT]              serve GDB on a port of this machine (${GDB_PORT}; 0 for any that is free); the
                            remote stands before its first instruction until GDB lets it go
  --gdb-no-wait             with --gdb: it runs at once, and GDB may attach to it later
  --profile FILE            write where the remote spends its time into FILE.cpuprofile, for Chrome and
                            VS Code
  --coverage FILE           write how often each source line was executed into FILE, for lcov
  --trace-instructions [FILE]  write a line for each instruction, to standard error unless given`

interface DebugValues {
  readonly gdb?: string | undefined
  readonly 'gdb-no-wait'?: boolean | undefined
  readonly profile?: string | undefined
  readonly coverage?: string | undefined
  readonly 'trace-instructions'?: string | undefined
  readonly worker?: boolean | undefined
}

/** Values that may be left out, which parseArgs does not know: they are put in. */
export function withoutGaps(args: readonly string[]): string[] {
  return args.flatMap((arg, i) => {
    const next = args[i + 1] ?? '-'
    if (arg === '--gdb' && !/^\d+$/.test(next)) return [`--gdb=${GDB_PORT}`]
    // An image after it is the image: a trace is not written over one.
    const image = next.startsWith('-') || /\.(elf|bin|out|axf)$/.test(next)
    return arg === '--trace-instructions' && image ? ['--trace-instructions='] : [arg]
  })
}

/** The server that GDB connects to, listening; undefined where none is asked for. @throws ERR_USAGE */
export async function chosenDebugger(values: DebugValues): Promise<GdbListener | undefined> {
  if (values.gdb === undefined) {
    if (!values['gdb-no-wait']) return undefined
    throw new OpenampError('ERR_USAGE', '--gdb-no-wait goes with --gdb; see openamp run --help')
  }
  if (values.worker) {
    throw new OpenampError(
      'ERR_USAGE',
      '--gdb and --worker exclude each other: a debugger holds the core in this thread',
    )
  }
  const port = numberOf(values.gdb, '--gdb', { whole: true, atLeast: 0, atMost: 65_535 })
  return gdbServer({ port, wait: !values['gdb-no-wait'] })
}

/** What of the run is to be written into files. @throws ERR_USAGE */
export function chosenRecordings(
  values: DebugValues,
  { stderr }: Terminal,
): Recordings | undefined {
  const { profile, coverage, 'trace-instructions': trace } = values
  if (profile === undefined && coverage === undefined && trace === undefined) return undefined
  if (values.worker) {
    throw new OpenampError(
      'ERR_USAGE',
      '--profile, --coverage and --trace-instructions exclude --worker: they follow the core in this thread',
    )
  }
  if (profile !== undefined && !profile.endsWith('.cpuprofile')) {
    throw new OpenampError(
      'ERR_USAGE',
      `--profile: expected a file that ends in .cpuprofile, found "${profile}"; what the remote is like is --flavour`,
    )
  }
  return new Recordings({ profile, coverage, trace }, (text) => stderr.write(text))
}

/** Those that there are, as one. */
export function severalDebuggers(
  debuggers: readonly (Debugger | undefined)[],
): Debugger | undefined {
  const all = debuggers.filter((one) => one !== undefined)
  if (all.length === 0) return undefined
  return {
    get waits() {
      return all.some(({ waits }) => waits)
    },
    add: (target) => {
      for (const one of all) one.add(target)
    },
  }
}
