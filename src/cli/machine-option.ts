import { OpenampError } from '../base/errors.js'
import { qemu, qemuMachineNamed } from '../machines/qemu/index.js'
import type { Machine } from '../remoteproc/index.js'

/** The machine of `--machine`; undefined for an emulated board. @throws ERR_USAGE */
export function machineOption(text: string): Machine | undefined {
  if (text === 'emulated') return undefined
  const [kind, ...rest] = text.split(':')
  if (kind === 'qemu') return qemu({ machine: qemuMachineNamed(rest.join(':')) })
  const wanted = 'emulated or qemu:NAME'
  throw new OpenampError('ERR_USAGE', `--machine: expected ${wanted}, found "${text}"`)
}

/** @throws ERR_USAGE where one of these options of emulated boards is given for another machine */
export function refuseForMachine(
  machine: string,
  given: Readonly<Record<string, string | boolean | undefined>>,
): void {
  for (const [option, value] of Object.entries(given)) {
    if (value === undefined || value === false) continue
    throw new OpenampError('ERR_USAGE', `--${option} is for emulated boards, not for ${machine}`)
  }
}
