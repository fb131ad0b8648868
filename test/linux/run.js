// Runs the suites that the Linux kernel judges: builds the kernel where it is not there yet, runs the
// tests in it, and prints what of it was exercised. Arguments go to vitest.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtKernel, kernel, obstacle } from '../../dist/cli/lab/kernel.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = join(here, '../..')

/** Where it is built, or why it is not. */
function judge() {
  const built = builtKernel()
  if (built !== undefined) return { modules: built.modules }
  const why = obstacle()
  return why === undefined ? { modules: kernel().modules } : { why }
}

const tool = (name, path) => join(dirname(createRequire(import.meta.url).resolve(name)), path)
const node = (args, env = {}) =>
  spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  }).status ?? 1

const { modules, why } = judge()
if (why !== undefined) console.log(`linux: every test here is skipped: ${why}`)
if (node([tool('typescript/package.json', 'bin/tsc'), '-p', join(here, 'guest')]) !== 0) {
  process.exit(1)
}
const scratch = mkdtempSync(join(tmpdir(), 'openamp-linux-calls-'))
const calls = join(scratch, 'calls')
const status = node(
  [
    tool('vitest/package.json', 'vitest.mjs'),
    ...['run', '--config', join(here, 'vitest.config.ts'), ...process.argv.slice(2)],
  ],
  modules === undefined ? {} : { OPENAMP_LINUX: modules, OPENAMP_LINUX_CALLS: calls },
)
if (existsSync(calls)) printTable(readFileSync(calls, 'utf8'))
rmSync(scratch, { recursive: true, force: true })
process.exit(status)

/** One row for each driver and call, with how often it came to what. */
function printTable(lines) {
  const rows = new Map()
  for (const line of lines.trim().split('\n')) {
    for (const [driver, call, outcome, count] of JSON.parse(line)) {
      const key = JSON.stringify([driver, call])
      const outcomes = rows.get(key) ?? new Map()
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count)
      rows.set(key, outcomes)
    }
  }
  const table = [...rows].map(([key, outcomes]) => {
    const counts = [...outcomes].sort().map(([outcome, count]) => `${outcome} ${count}`)
    return [...JSON.parse(key), counts.join(', ')]
  })
  table.sort((a, b) => `${a[0]} ${a[1]}`.localeCompare(`${b[0]} ${b[1]}`))
  table.unshift(['kernel driver', 'call', 'outcomes'])
  const widths = [0, 1].map((column) => Math.max(...table.map((row) => row[column].length)))
  console.log('\nExercised in the kernel:')
  for (const [driver, call, outcomes] of table) {
    console.log(`  ${driver.padEnd(widths[0])}  ${call.padEnd(widths[1])}  ${outcomes}`)
  }
}
