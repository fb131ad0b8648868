import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const pages = [
  'README.md',
  'firmware/README.md',
  ...readdirSync(`${root}/docs`, { recursive: true }).map((name) => `docs/${name}`),
]
// Inside the package, so that the examples' imports of 'openamp' find it by its own name.
const scratch = `${root}/dist/.docs-examples`

interface Block {
  readonly language: string
  readonly text: string
}

/** The fenced blocks of a page, in order. */
function blocks(page: string): readonly Block[] {
  const text = readFileSync(`${root}/${page}`, 'utf8')
  return [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1] ?? '',
    text: match[2] ?? '',
  }))
}

/** In an expected output `…` stands for anything, over lines where it is alone on one. */
function pattern(expected: string): RegExp {
  const lines = expected.replace(/\n$/, '').split('\n')
  const source = lines
    .map((line) =>
      line === '…'
        ? '(?:[^\\n]*\\n)*?'
        : `${line
            .split('…')
            .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
            .join('[^\\n]*')}\\n`,
    )
    .join('')
  return new RegExp(`^${source}$`)
}

async function shell(command: string): Promise<string> {
  const script = command.replaceAll('npx openamp', 'node dist/cli/main.js')
  const env = { ...process.env, NO_COLOR: '1' }
  const options = { cwd: root, env, maxBuffer: 1 << 24 }
  return promisify(execFile)('bash', ['-c', `${script}`], options).then(
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

afterAll(() => rmSync(scratch, { recursive: true, force: true }))
