// Builds dist/. With --if-needed it does nothing where dist/ is newer than all that it is made of, so
// that `npx openamp` in a checkout, for which npm runs `prepare` again, starts at once.
import { execFileSync } from 'node:child_process'
import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const stamp = join(root, 'dist/.built')

function newest(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

function isUpToDate() {
  const sources = [
    'src',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/build.js',
  ]
  try {
    return statSync(stamp).mtimeMs > Math.max(...sources.map((name) => newest(join(root, name))))
  } catch {
    return false
  }
}

if (!process.argv.includes('--if-needed') || !isUpToDate()) {
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
  const tsc = join(typescript, 'bin/tsc')
  execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
    stdio: 'inherit',
  })
  chmodSync(join(root, 'dist/cli/main.js'), 0o755)
  writeFileSync(stamp, '')
}
