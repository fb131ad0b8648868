import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { env } from 'node:process'
import { OpenampError } from '../../base/errors.js'
import type { Machine } from '../../remoteproc/index.js'
import { loadLibc } from '../native/libc-node.js'
import {
  checkDescription,
  type QemuDescription,
  type QemuMachineName,
  type QemuMemory,
  qemuMachineNamed,
} from './description.js'
import { QemuProcessor } from './qemu-processor-node.js'

export interface QemuOptions {
  /** The machine: one of `qemuMachines` by its name, or a description of another one. */
  readonly machine: QemuMachineName | QemuDescription
  /** QEMU's command; what the machine says unless given ("qemu-system-arm", looked for on PATH). */
  readonly program?: string
  /** Where rings, buffers and carve-outs are: a part of the RAM where the image has nothing. */
  readonly shared?: QemuMemory
  /** More arguments for QEMU: ['-icount', 'shift=0'], say. */
  readonly args?: readonly string[]
}

/**
 * A remote on a machine of QEMU's, started at each boot and killed at each stop. Its firmware rings
 * over a UART. Linux only.
 *
 * @example
 * const machine = qemu({ machine: 'virt' })
 * await using rproc = await Remoteproc.init({ firmware, machine })
 * @throws ERR_USAGE for a machine that there is not, or whose memory does not fit; from `init`:
 *   ERR_SYSTEM where QEMU, koffi or Linux is missing
 */
export function qemu(options: QemuOptions): Machine {
  const { machine, shared, args = [] } = options
  const found = typeof machine === 'string' ? qemuMachineNamed(machine) : machine
  const description: QemuDescription = {
    ...found,
    program: options.program ?? found.program,
    shared: shared ?? found.shared,
    args: [...(found.args ?? []), ...args],
  }
  checkDescription(description)
  return {
    kind: 'memory',
    name: `${found.machine} (QEMU)`,
    open: async (listener) => {
      const libc = await loadLibc('openamp/qemu')
      return new QemuProcessor(libc, pathOf(description.program), description, listener)
    },
  }
}

/** Where a command is. @throws ERR_SYSTEM where it is not */
function pathOf(program: string): string {
  const folders = program.includes('/') ? [''] : (env['PATH'] ?? '').split(delimiter)
  const paths = folders.map((folder) => join(folder, program))
  const found = paths.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return statSync(path).isFile()
    } catch {
      return false
    }
  })
  if (found !== undefined) return found
  throw new OpenampError(
    'ERR_SYSTEM',
    `${program} was not found: is QEMU installed? (Debian: ${debianPackage(program)})`,
  )
}

/** Where Debian has the emulator of an architecture. */
const debianPackage = (program: string): string =>
  /-(arm|aarch64)$/.test(program) ? 'qemu-system-arm' : 'qemu-system-misc'
