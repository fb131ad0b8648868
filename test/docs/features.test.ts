import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tests = ['src', 'test'].flatMap((room) =>
  readdirSync(`${root}/${room}`, { recursive: true }).map((name) => `${room}/${name}`),
)

/** Whether a file has this name, in which `*` may stand for a part. */
function exists(name: string): boolean {
  const [before = '', after] = name.split('*')
  if (after === undefined) return tests.includes(name)
  return tests.some((path) => path.startsWith(before) && path.endsWith(after))
}

it('every test file that docs/features.md names exists', () => {
  const text = readFileSync(`${root}/docs/features.md`, 'utf8')
  const named = [...text.matchAll(/[\w./*-]+\.(?:test|e2e)\.ts/g)].map(([name]) => name)
  expect(named).toContain('src/rpmsg/send.test.ts')
  expect(named.filter((name) => !exists(name))).toEqual([])
})
