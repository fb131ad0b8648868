import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RAM_BASE } from './programs.js'

const QEMU = 'qemu-system-riscv32'
const MACHINE = ['-M', 'virt', '-icount', 'shift=0', '-bios', 'none', '-m', '16M']
const QUIET = ['-nodefaults', '-display', 'none']

export const qemuName = `${QEMU} -M virt -icount shift=0`

export function qemuInstalled(): boolean {
  return spawnSync(QEMU, ['--version']).error === undefined
}

/** Runs `image` to its end. @returns milliseconds, those in which QEMU starts and ends included */
export function runOnQemu(image: Uint8Array): number {
  const directory = mkdtempSync(join(tmpdir(), 'openamp-bench-'))
  try {
    const path = join(directory, 'image')
    writeFileSync(path, image)
    const loader = `loader,file=${path},addr=${RAM_BASE},force-raw=on`
    const begun = performance.now()
    const { status, stderr } = spawnSync(QEMU, [...MACHINE, ...QUIET, '-device', loader], {
      encoding: 'utf8',
    })
    const milliseconds = performance.now() - begun
    if (status !== 0) throw new Error(`${QEMU} ended with ${status}: ${stderr}`)
    return milliseconds
  } finally {
    rmSync(directory, { recursive: true })
  }
}
