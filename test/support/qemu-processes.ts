import { readdirSync, readFileSync } from 'node:fs'

/** The QEMUs that a process has started, and that have not ended. */
export function qemusOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '))
    .map(Number)
    .filter((child) => child > 0 && isQemu(child))
}

/** Whether there is such a process, it is QEMU, and has not ended. */
export function isQemu(pid: number): boolean {
  try {
    const [, name, state] = /\((.*)\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return state !== 'Z' && name !== undefined && name.startsWith('qemu-system')
  } catch {
    return false
  }
}
