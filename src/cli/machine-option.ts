import { OpenampError } from '../base/errors.js'
import { linux } from '../machines/linux/index.js'
import { qemu, qemuMachineNamed } from '../machines/qemu/index.js'
import type { RemoteprocOptions } from '../remoteproc/index.js'

/** What `openamp run` can do on an emulated board alone. */
const EMULATED_ONLY = [
  ...['board', 'ram', 'worker', 'watchdog', 'interpret', 'gdb', 'gdb-no-wait'],
  ...['profile', 'coverage', 'trace-instructions'],
]

/** The machine of `--machine`; undefined for an emulated board. @throws ERR_USAGE */
export function machineOption(
  text: string,
  values: Readonly<Record<string, unknown>>,
): RemoteprocOptions['machine'] | undefined {
  if (text === 'emulated') return undefined
  const found = EMULATED_ONLY.find((name) => values[name] !== undefined && values[name] !== false)
  if (found !== undefined) {
    const why = `--${found} is for emulated boards`
    throw new OpenampError('ERR_USAGE', `--${found} does not go with --machine ${text}: ${why}`)
  }
  const [kind, ...rest] = text.split(':')
  const which = rest.join(':')
  if (kind === 'linux') return linux(which === '' ? {} : { remote: which })
  if (kind === 'qemu') return qemu({ machine: qemuMachineNamed(which) })
  const wanted = 'emulated, linux, linux:WHICH or qemu:NAME'
  throw new OpenampError('ERR_USAGE', `--machine: expected ${wanted}, found "${text}"`)
}
