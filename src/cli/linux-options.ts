import { OpenampError } from '../base/errors.js'
import { type LinuxRemote, linuxRemote } from '../machines/linux/index.js'

/** The options of every command that works on a remote of this machine, as parseArgs takes them. */
export const linuxOptions = {
  remote: { type: 'string' },
  root: { type: 'string', default: '/' },
  json: { type: 'boolean', default: false },
  debug: { type: 'boolean', default: false },
} as const

/** Their lines in a command's help. */
export const linuxHelpLines = `  --remote WHICH            remoteprocN, N, its name, or its alias in the device tree; not needed
                            where there is one
  --root DIR                the folder below which /sys, /dev and /lib/firmware are (/)
  --json                    one JSON object a line`

interface LinuxValues {
  readonly remote?: string | undefined
  readonly root: string
}

/** Does something with the remote that the options mean, and lets it go. */
export async function withRemote<T>(
  { remote, root }: LinuxValues,
  use: (remote: LinuxRemote) => Promise<T>,
): Promise<T> {
  const opened = await linuxRemote({ ...(remote === undefined ? {} : { remote }), root })
  try {
    return await use(opened)
  } finally {
    await opened.close()
  }
}

/** What `openamp run` can do on an emulated board alone. */
const EMULATED_ONLY = [
  ...['board', 'ram', 'worker', 'watchdog', 'interpret', 'gdb', 'gdb-no-wait'],
  ...['profile', 'coverage', 'trace-instructions'],
]

/** The remote of `--machine linux:WHICH`; undefined for the emulated board. @throws ERR_USAGE */
export function machineOption(
  text: string,
  values: Readonly<Record<string, unknown>>,
): { readonly remote?: string } | undefined {
  if (text === 'emulated') return undefined
  const [kind, ...rest] = text.split(':')
  const remote = rest.join(':')
  if (kind === 'linux') {
    const found = EMULATED_ONLY.find((name) => values[name] !== undefined && values[name] !== false)
    if (found !== undefined) {
      const why = 'a remote of this machine is no emulated board'
      throw new OpenampError('ERR_USAGE', `--${found} does not go with --machine ${text}: ${why}`)
    }
    return remote === '' ? {} : { remote }
  }
  const wanted = 'emulated, linux or linux:WHICH'
  throw new OpenampError('ERR_USAGE', `--machine: expected ${wanted}, found "${text}"`)
}
