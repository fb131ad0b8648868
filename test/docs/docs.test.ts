import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { type Block, blocksOf, pattern } from './blocks.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const pages = [
  'README.md',
  'firmware/README.md',
  ...readdirSync(`${root}/docs`, { recursive: true }).map((name) => `docs/${name}`),
]
// Inside the package, so that the examples' imports of 'openamp' find it by its own name.
const scratch = `${root}/dist/.docs-examples`
/** Where the commands make what they make in a folder for temporary files. */
const temporary = mkdtempSync(join(tmpdir(), 'openamp-docs-'))
/** The port that docs/debugging.md shows; another one here, for others may run these tests at the same time. */
const PORT_SHOWN = '3399'

async function freePort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return String(typeof address === 'object' ? address?.port : address)
}

/** The fenced blocks of a page, in order. */
const blocks = (page: string): readonly Block[] => blocksOf(readFileSync(`${root}/${page}`, 'utf8'))

async function shell(command: string): Promise<string> {
  const ours = command.replaceAll('npx openamp', 'node dist/cli/main.js')
  const script = ours.includes(PORT_SHOWN) ? ours.replaceAll(PORT_SHOWN, await freePort()) : ours
  const env = { ...process.env, NO_COLOR: '1', TMPDIR: temporary }
  const options = { cwd: root, env, maxBuffer: 1 << 24 }
  return promisify(execFile)('bash', ['-c', script], options).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  )
}

describe.each(pages.filter((page) => page.endsWith('.md')))('%s shows what happens', (page) => {
  const all = blocks(page)

  all.forEach(({ language, text }, i) => {
    if (language === 'console') {
      const [first = '', ...expected] = text.split('\n')
      const command = first.replace(/^\$ /, '')
      it(command, async () => {
        const output = await shell(`{ ${command}; } 2>&1`)
        expect(output).toMatch(pattern(expected.join('\n')))
      })
    }
    if (language === 'js run') {
      it(`example ${i + 1}`, async () => {
        mkdirSync(scratch, { recursive: true })
        const file = `${scratch}/${page.replaceAll('/', '-')}-${i}.mjs`
        writeFileSync(file, text)
        const output = await shell(`node ${file} 2>&1`)
        expect(all[i + 1]?.language).toBe('output')
        expect(output).toMatch(pattern(all[i + 1]?.text ?? ''))
      })
    }
  })

  it('has links that lead somewhere', () => {
    const text = readFileSync(`${root}/${page}`, 'utf8')
    const folder = page.includes('/') ? page.replace(/[^/]*$/, '') : ''
    for (const [, link = ''] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      expect(() => readFileSync(`${root}/${folder}${link}`), link).not.toThrow()
    }
  })
})

afterAll(() => {
  for (const folder of [scratch, temporary]) rmSync(folder, { recursive: true, force: true })
})
