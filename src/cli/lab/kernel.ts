import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { OpenampError } from '../../base/errors.js'

/** A kernel for User-Mode Linux that is built. */
export interface Kernel {
  /** The program that is the kernel. */
  readonly program: string
  /** The folder that it was built in, with its own modules. */
  readonly build: string
  /** The folder of the module whose remote processor a program plays. */
  readonly modules: string
}

const script = fileURLToPath(new URL('../../../lab/kernel/build.sh', import.meta.url))

const platform =
  process.platform === 'linux' && process.arch === 'x64'
    ? undefined
    : `User-Mode Linux needs Linux on x86-64, this is ${process.platform} on ${process.arch}`

/** The kernel, where it is built already. */
export function builtKernel(): Kernel | undefined {
  if (platform !== undefined) return undefined
  const modules = ask('--where')
  return modules !== '' && existsSync(modules) ? kernelOf(modules) : undefined
}

/** Why the kernel cannot be built on this machine, and what to do about it; undefined where it can. */
export function obstacle(): string | undefined {
  if (platform !== undefined) return platform
  const why = ask('--check')
  return why === '' ? undefined : why
}

/**
 * The kernel, built if need be: progress goes to standard error.
 * @throws ERR_SYSTEM where it cannot be built
 */
export function kernel(): Kernel {
  const built = builtKernel()
  if (built !== undefined) return built
  const why = obstacle()
  if (why !== undefined) throw new OpenampError('ERR_SYSTEM', `the kernel cannot be built: ${why}`)
  const { status, stdout } = spawnSync(script, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status === 0) return kernelOf(stdout.trim())
  throw new OpenampError('ERR_SYSTEM', 'the kernel could not be built; the lines above say why')
}

function kernelOf(modules: string): Kernel {
  const build = join(modules, '../build')
  return { program: join(build, 'linux'), build, modules }
}

function ask(option: string): string {
  const { error, stdout } = spawnSync(script, [option], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (error !== undefined) throw new OpenampError('ERR_SYSTEM', `${script}: ${error.message}`)
  return stdout.trim()
}
