import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { findTool } from '../tools.js'
import { image, openamp, root } from './command.js'

// e_machine of images.
const EM_ARM = 40
const EM_MIPS = 8

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

  test.each([
    [
      'that no board runs',
      'echo',
      EM_MIPS,
      [],
      /expected an image of a kind that a board here runs \(.*\), found 32-bit MIPS/,
    ],
    [
      'of another board',
      ...(['mps2-an386/echo', EM_ARM, ['virt-rv32']] as const),
      /expected a 32-bit RISC-V image, for board virt-rv32, found 32-bit Arm; try mps2-an386, /,
    ],
  ])('refuses an image %s', async (_, name, machine, [board], message) => {
    const elf = readFileSync(image(name))
    elf.writeUInt16LE(machine, 18)
    const path = join(folder, 'other.elf')
    writeFileSync(path, elf)
    const options = board === undefined ? [] : ['--board', board]
    const outcome = await openamp(['linux', 'lab', path, ...options, '--command', 'true'])
    expect(outcome.code).toBe(3)
    expect(outcome.stderr).toMatch(message)
  })

  test('refuses a board whose rings the kernel cannot have where they are', async () => {
    const board = JSON.parse(readFileSync(`${root}/docs/examples/board.json`, 'utf8'))
    board.shared = 'code'
    const path = join(folder, 'low.json')
    writeFileSync(path, JSON.stringify(board))
    const args = ['linux', 'lab', image('mps2-an386/echo'), '--board', path, '--command', 'true']
    expect(await openamp(args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('its memory for rings and buffers, code, is at 0x0'),
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
