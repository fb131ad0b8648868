import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where the command `name` is on PATH, or undefined. */
export function findTool(name: string): string | undefined {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // not here: look further
    }
  }
  return undefined
}

/**
 * Where a tool is that tests depend on. Where it is missing the tests that need it are to be
 * skipped, and one line says so; in CI that is an error, so that no judge is lost unseen.
 * @param debianPackage the package that brings the tool
 * @param tests how many tests are skipped without it
 */
export function needsTool(name: string, debianPackage: string, tests: number): string | undefined {
  const path = findTool(name)
  if (path !== undefined) return path
  const line = `${tests} tests skipped: ${name} is not on PATH (Debian package ${debianPackage})`
  if (process.env['CI']) throw new Error(line)
  console.warn(line)
  return undefined
}
