import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { findTool } from '../tools.js'
import { image, openamp, root } from './command.js'

/** e_machine of 32-bit Arm images. */
const EM_ARM = 40

const folder = mkdtempSync(join(tmpdir(), 'openamp-lab-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the command where nothing is built yet, with no other programs than these on PATH. */
function labWith(...tools: readonly string[]) {
  const bin = mkdtempSync(join(folder, 'bin-'))
  for (const tool of ['bash', 'cat', 'cut', 'dirname', 'id', 'sha256sum', 'xargs', ...tools]) {
    symlinkSync(findTool(tool) ?? tool, join(bin, tool))
  }
  const cache = join(folder, 'cache')
  mkdirSync(cache, { recursive: true })
  const args = [`${root}/dist/cli/main.js`, 'linux', 'lab', image('echo'), '--command', 'true']
  return spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { PATH: bin, HOME: folder, OPENAMP_LINUX_CACHE: cache },
  })
}

describe('openamp linux lab, where it cannot run', () => {
  test('wants a terminal, or a command', async () => {
    expect(await openamp(['linux', 'lab', image('echo')])).toMatchObject({
      code: 2,
      stderr: 'openamp: a shell wants a terminal; without one, give --command "…"\n',
    })
  })

  test('wants an image of its processor', async () => {
    const elf = readFileSync(image('echo'))
    elf.writeUInt16LE(EM_ARM, 18)
    const path = join(folder, 'arm.elf')
    writeFileSync(path, elf)
    expect(await openamp(['linux', 'lab', path, '--command', 'true'])).toMatchObject({
      code: 3,
      stderr: `openamp: ${path}: expected an image for 32-bit RISC-V, for virt-rv32\n`,
    })
  })

  test('says in one line what is to be done where there is no apt', () => {
    const { status, stderr } = labWith()
    const why =
      process.platform === 'linux' && process.arch === 'x64'
        ? "its source is a package of Debian's, and apt-get is not here: use Debian 12"
        : 'User-Mode Linux needs Linux on x86-64'
    expect(stderr).toMatch(new RegExp(`^openamp: the kernel cannot be built: ${why}.*\n$`))
    expect(status).toBe(1)
  })
})
