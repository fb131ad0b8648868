import { OpenampError } from '../base/errors.js'
import { type GdbListener, gdbServer } from '../node.js'
import { numberOf } from './options.js'

const GDB_PORT = 3333

/** The options with which a remote is debugged, as parseArgs takes them. */
export const debugOptions = {
  gdb: { type: 'string' },
  'gdb-no-wait': { type: 'boolean', default: false },
} as const

/** Their lines in the help. */
export const debugHelp = `  --gdb [PORT]              serve GDB on a port of this machine (${GDB_PORT}; 0 for any that is free); the
                            remote stands before its first instruction until GDB lets it go
  --gdb-no-wait             with --gdb: it runs at once, and GDB may attach to it later`

interface DebugValues {
  readonly gdb?: string | undefined
  readonly 'gdb-no-wait'?: boolean | undefined
  readonly worker?: boolean | undefined
}

/** The port may be left out: parseArgs knows no such options. */
export function withGdbPort(args: readonly string[]): string[] {
  return args.flatMap((arg, i) => {
    const bare = arg === '--gdb' && !/^\d+$/.test(args[i + 1] ?? '')
    return bare ? [`--gdb=${GDB_PORT}`] : [arg]
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
