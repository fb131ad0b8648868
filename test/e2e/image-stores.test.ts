import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { buildResourceTable } from '../../dist/firmware/index.js'
import { image, type Outcome, root } from './command.js'
import { imageFile, rpmsgVdev, SPIN, smallImage, WAIT } from './images.js'

/** Runs `openamp` with bytes on standard input. */
function openamp(args: readonly string[], input: Uint8Array = new Uint8Array()): Promise<Outcome> {
  const child = spawn(process.execPath, [`${root}/dist/cli/main.js`, ...args], { stdio: 'pipe' })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  // A command that has what it needs reads no more.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

const echo = new Uint8Array(readFileSync(image('echo')))
const table = buildResourceTable([rpmsgVdev])

/** What `objcopy -O binary` makes: code at the start, a table behind it. */
function raw(code: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(0x100 + table.length)
  bytes.set(new Uint8Array(Uint32Array.from(code).buffer), 0x80)
  bytes.set(table, 0x100)
  return bytes
}

describe('an image on standard input', () => {
  test('is run', async () => {
    const { code, stdout } = await openamp(['run', '-'], echo)
    expect(stdout).toMatch(/^standard input {2}RISC-V 32-bit/)
    expect(stdout).toContain('rpmsg-openamp-demo-channel')
    expect(code).toBe(0)
  })

  test('is inspected, the same as from a file', async () => {
    const piped = await openamp(['inspect', '-', '--json'], echo)
    const filed = await openamp(['inspect', image('echo'), '--json'])
    expect(JSON.parse(piped.stdout)).toEqual({
      ...JSON.parse(filed.stdout),
      name: 'standard input',
    })
  })

  test('that is cut is refused', async () => {
    const { code, stderr } = await openamp(['run', '-'], echo.subarray(0, 3000))
    expect(stderr).toMatch(/^openamp: standard input: [^\n]*found [^\n]*\n$/)
    expect(code).toBe(3)
  })

  test('leaves none for a console', async () => {
    const { code, stderr } = await openamp(['run', '-', '--attach', 'x'], echo)
    expect(stderr).toBe(
      'openamp: the image - and the console of --attach both want standard input\n',
    )
    expect(code).toBe(2)
  })
})

describe('a raw binary', () => {
  const at = ['--load-address', '0x80000000', '--entry', '0x80000080']

  test('is loaded where it is told, and begins where it is told', async () => {
    const path = imageFile('wait.bin', raw(WAIT))
    const { code, stdout, stderr } = await openamp([
      ...['run', path, ...at, '--resource-table', '0x80000100'],
    ])
    expect(stdout).toMatch(/^wait\.bin {2}raw binary, entry 0x80000080, 1 segment/)
    expect(stdout).toContain('the core is at pc 0x8000008')
    expect(stderr).toContain('idle for ever')
    expect(code).toBe(4)
  })

  test('comes from standard input, too', async () => {
    const args = ['run', '-', ...at, '--no-resource-table', '--duration', '0.001', '--json']
    const { code, stdout } = await openamp(args, raw(SPIN))
    expect(stdout).toContain('"machine":"any machine","bits":32,"entry":2147483776')
    expect(code).toBe(0)
  })

  test('without the address of its table is told what to give', async () => {
    const { code, stderr } = await openamp(['run', imageFile('bare.bin', raw(WAIT)), ...at])
    expect(stderr).toContain('give the address of its table (resourceTable, --resource-table)')
    expect(code).toBe(3)
  })

  test('is inspected: what can be said of it', async () => {
    const path = imageFile('shown.bin', raw(WAIT))
    const args = ['inspect', path, ...at, '--resource-table', '0x80000100']
    const { code, stdout } = await openamp(args)
    expect(stdout).toContain('raw binary for any machine, 0x158 (344 bytes), entry 0x80000080')
    expect(stdout).toMatch(/Resource table at 0x80000100, version 1, 1 entry/)
    expect(code).toBe(0)
  })

  test.each([
    ['no load address', [], 3, /not an ELF file: .* a raw binary needs a load address/],
    [
      'an entry alone',
      ['--entry', '0x100'],
      2,
      /--entry is for raw binaries, and needs --load-add/,
    ],
    ['an address that is none', ['--load-address', 'here'], 2, /--load-address: expected a whole/],
    [
      'a place that is no memory',
      ['--load-address', '0x100'],
      3,
      /segment 0: da 0x100 .* lies in no/,
    ],
    ['an entry outside', [...at.slice(0, 2), '--entry', '0x1'], 3, /entry 0x00000001 lies in no/],
  ])('with %s is refused', async (_, args, exit, message) => {
    const path = imageFile('refused.bin', raw(SPIN))
    const { code, stderr } = await openamp(['run', path, ...args])
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^openamp: [^\n]*\n$/)
    expect(code).toBe(exit)
  })
})

describe('entries of the table that need the host’s consent', () => {
  const run = (
    name: string,
    entries: Parameters<typeof buildResourceTable>[0],
    ...args: readonly string[]
  ) => openamp(['run', imageFile(name, smallImage(WAIT, entries)), ...args])

  test('a vendor’s entry is passed over with a note', async () => {
    const { stdout } = await run('vendor.elf', [
      { kind: 'vendor', type: 130, bytes: new Uint8Array(8) },
      rpmsgVdev,
    ])
    expect(stdout).toContain(
      'note: resource table entry 0 (vendor type 130, 8 bytes) was passed over: nobody handles it',
    )
  })

  const devmem = { kind: 'devmem', name: 'uart', len: 0x100 } as const
  const uart = { ...devmem, da: 0x1000_0000, pa: 0x1000_0000 }

  test('devmem is refused', async () => {
    const { code, stderr } = await run('devmem.elf', [uart, rpmsgVdev])
    expect(stderr).toContain('(devmem uart): asks for pa 0x10000000 + 0x100 bytes, and no devmem')
    expect(code).toBe(3)
  })

  test('devmem is accepted where it is allowed', async () => {
    const allowed = ['--devmem', '0x20000000+16', '--devmem', '0x10000000+0x1000']
    const { code, stdout } = await run('allowed.elf', [uart, rpmsgVdev], ...allowed)
    expect(stdout).toContain('device memory uart: 256 bytes at 0x10000000')
    // It waits for ever, as the image does.
    expect(code).toBe(4)
  })

  test.each(['0x10', '+', '1+2+3', 'a+1'])('--devmem %s is no range', async (text) => {
    const { code, stderr } = await run('range.elf', [uart, rpmsgVdev], '--devmem', text)
    expect(stderr).toMatch(/^openamp: --devmem[^\n]*: expected [^\n]*, found [^\n]*\n$/)
    expect(code).toBe(2)
  })
})
