import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const firmware = fileURLToPath(new URL('../../firmware', import.meta.url))

/**
 * Builds images of `firmware/` with line numbers into `folder`.
 * @param goals images, and variables: `BOARD=mps2-an386`
 */
export function buildWithLines(folder: string, ...goals: readonly string[]): void {
  const where = [`OUT=${folder}`, `BUILD=${folder}/build`]
  execFileSync('make', ['-s', '-C', firmware, ...goals, 'DEBUG=1', ...where])
}

/** Runs GDB with commands on an image, and gives what it prints: errors too, in their place. */
export async function gdb(
  tool: string,
  image: string,
  commands: readonly string[],
): Promise<string> {
  const all = ['set pagination off', 'set confirm off', 'set width 0', ...commands]
  const args = ['-nx', '-batch', ...all.flatMap((command) => ['-ex', command]), image]
  const options = { env: { ...process.env, LC_ALL: 'C' }, timeout: 60_000 }
  // With -ex a command that fails does not keep GDB from the next one.
  const { stdout, stderr } = await promisify(execFile)(tool, args, options)
  return stdout + stderr
}
