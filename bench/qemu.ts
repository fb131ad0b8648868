import { spawnSync } from 'node:child_process'
import type { Target } from './programs.js'

const QUIET = ['-nodefaults', '-display', 'none']
/** An instruction a nanosecond of virtual time: the promise that the boards make, too. */
export const EXACT = ['-icount', 'shift=0'] as const

export function qemuInstalled({ qemu }: Target): boolean {
  return spawnSync(qemu, ['--version']).error === undefined
}

/** Runs the program to its end. @returns milliseconds, those in which QEMU starts and ends included */
export function runOnQemu(
  { qemu, machine, image, parameters }: Target,
  options: readonly string[],
  loop: number,
  rounds: number,
): number {
  const word = (address: number, data: number): string[] => [
    '-device',
    `loader,addr=${address},data=${data},data-len=4`,
  ]
  const program = [...word(parameters, loop), ...word(parameters + 4, rounds), '-kernel', image]
  const begun = performance.now()
  const { status, stderr } = spawnSync(qemu, [...machine, ...options, ...QUIET, ...program], {
    encoding: 'utf8',
  })
  const milliseconds = performance.now() - begun
  if (status !== 0) throw new Error(`${qemu} ended with ${status}: ${stderr}`)
  return milliseconds
}
