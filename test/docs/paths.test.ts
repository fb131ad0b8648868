import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const below = (folder: string): readonly string[] =>
  readdirSync(`${root}/${folder}`, { recursive: true }).map((name) => `${folder}/${name}`)
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...below('docs'),
  ...below('firmware'),
  'lab/README.md',
].filter((page) => page.endsWith('.md'))

/** A path between backquotes: at least one slash, no spaces, no placeholder in it. */
const paths = /`([\w.@-]+(?:\/[\w.*@-]+)+\/?)`/g

/** What a page names paths from: the project's folder, its own; the page about the code, its rooms. */
const basesOf = (page: string): readonly string[] =>
  ['.', dirname(page), ...(page === 'docs/architecture.md' ? ['src'] : [])].map((base) =>
    join(root, base),
  )

/** Whether something has this path below a folder; `*` and words in capitals stand for parts of names. */
function leads(folder: string, path: string): boolean {
  const [first = '', ...rest] = path.split('/').filter((name) => name !== '')
  const name = new RegExp(`^${first.replaceAll('.', '\\.').replace(/\*|[A-Z]+/g, '.*')}$`)
  const found = existsSync(folder) ? readdirSync(folder).filter((each) => name.test(each)) : []
  return found.some((each) => rest.length === 0 || leads(join(folder, each), rest.join('/')))
}

/** The paths of a page that begin like one of the project's, and lead nowhere. */
function astray(page: string, text: string): readonly string[] {
  const bases = basesOf(page)
  return Array.from(text.matchAll(paths), ([, path = '']) => path).filter((path) => {
    const [first = ''] = path.split('/')
    const ours = bases.filter((base) => existsSync(join(base, first)))
    return ours.length > 0 && !ours.some((base) => leads(base, path))
  })
}

describe('a path of the project that a page names', () => {
  test.each(pages)('exists: %s', (page) => {
    expect(astray(page, readFileSync(`${root}/${page}`, 'utf8'))).toEqual([])
  })

  test('would be missed', () => {
    const text =
      '`src/no-such-file.ts`, `lab/kernel/modules`, `machines/linx`, `sys/class/remoteproc`'
    expect(astray('docs/architecture.md', text)).toEqual(['src/no-such-file.ts', 'machines/linx'])
  })
})
