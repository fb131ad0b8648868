import { execFileSync } from 'node:child_process'
import {
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { buildElf } from './firmware/build-elf.js'
import { readImage } from './firmware/index.js'
import { coredumpFile, file } from './node.js'

const folder = mkdtempSync(join(tmpdir(), 'openamp-files-'))
afterAll(() => rmSync(folder, { recursive: true }))

const bytes = buildElf({
  entry: 0x1000,
  segments: [{ vaddr: 0x1000, data: new Uint8Array(8) }],
  sections: [
    { name: '.text', addr: 0x1000, size: 8, flags: 6 },
    { name: '.debug_info', addr: 0, data: new Uint8Array(4 << 20), flags: 0 },
  ],
  symbols: [{ name: 'main', address: 0x1000, size: 8, section: 0 }],
})

function written(name: string): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

describe('a firmware file', () => {
  test('is read by path or URL, and what is not needed of it is left', async () => {
    const path = written('a.elf')
    for (const place of [path, pathToFileURL(path)]) {
      const image = await readImage(file(place), { limit: 0x1000 })
      expect(image.name).toBe('a.elf')
      expect(image.functionAt(0x1004)).toEqual({ name: 'main', offset: 4 })
      expect(image.section('.debug_info')).toMatchObject({ size: 4 << 20, data: undefined })
    }
  })

  test('can be read again', async () => {
    const store = file(written('again.elf'))
    await readImage(store)
    expect((await readImage(store)).bits).toBe(32)
  })

  test('may be a named pipe', async () => {
    const path = join(folder, 'pipe')
    execFileSync('mkfifo', [path])
    const writing = writeFile(path, bytes)
    expect((await readImage(file(path))).functionAt(0x1000)?.name).toBe('main')
    // The reader may have gone before the writer was done with what it needs not.
    await writing.catch((error: NodeJS.ErrnoException) => expect(error.code).toBe('EPIPE'))
  })

  test('that gets shorter while it is read is refused', async () => {
    const path = written('cut.elf')
    const open = await file(path).open({})
    truncateSync(path, 100)
    await expect(open.load(0, 1000)).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message: `${path}: it was changed while it was read: ${bytes.length} bytes at first, then 100`,
    })
    await open.close()
  })

  test('that gets longer while it is read is refused', async () => {
    const path = written('grown.elf')
    const open = await file(path).open({})
    writeFileSync(path, Buffer.alloc(bytes.length + 1))
    await expect(open.finish()).rejects.toMatchObject({ code: 'ERR_IMAGE' })
    await open.close()
  })

  test('that is a folder, or is not there, is refused', async () => {
    await expect(readImage(file(folder))).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message: `${folder}: cannot be read: it is a folder`,
    })
    await expect(readImage(file(join(folder, 'none')))).rejects.toMatchObject({
      code: 'ERR_IMAGE',
      message: `${join(folder, 'none')}: cannot be read: there is no such file`,
    })
  })
})

test.each([
  ['a link', (path: string) => symlinkSync(written('precious'), path)],
  ['a pipe that nobody reads', (path: string) => void execFileSync('mkfifo', [path])],
  ['what an earlier dump has left', (path: string) => writeFileSync(path, 'half a dump')],
])('a dump is a new file, though there is %s in its place', async (what, put) => {
  const path = join(folder, `${what}.core`)
  put(`${path}.part`)
  const crash = { reason: 'x', kind: 'failure' } as const
  await coredumpFile(path).write({ firmware: 'a.elf', crash, size: 3, pieces: () => [bytes] })
  expect(readFileSync(path).equals(bytes)).toBe(true)
  if (what === 'a link') expect(readFileSync(join(folder, 'precious'))).toHaveLength(bytes.length)
})
