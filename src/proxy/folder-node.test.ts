import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { O, serve } from '../../test/support/proxy.js'
import type { Errno } from './errno.js'
import type { Files, OpenFile } from './files.js'
import { folder } from './folder-node.js'
import type { OpenHow } from './open-flags.js'

const place = mkdtempSync(join(tmpdir(), 'openamp-folder-'))
afterAll(() => rmSync(place, { recursive: true, force: true }))

/** The folder that is served, and what lies beside it. */
let root = ''
let outside = ''
let number = 0
beforeEach(() => {
  const fresh = join(place, String(number++))
  root = join(fresh, 'root')
  outside = join(fresh, 'outside')
  mkdirSync(join(root, 'sub'), { recursive: true })
  mkdirSync(outside)
  writeFileSync(join(root, 'file'), 'inside')
  writeFileSync(join(root, 'sub', 'file'), 'deeper')
  writeFileSync(join(outside, 'file'), 'secret')
})

const READ: OpenHow = { access: 'read' }
const CREATE: OpenHow = { access: 'both', create: true }

async function opened(files: Files, path: string, how: OpenHow = READ): Promise<OpenFile> {
  const file = await files.open(path, how)
  if (typeof file === 'string') throw new Error(`${path}: ${file}`)
  return file
}

async function text(files: Files, path: string): Promise<string | Errno> {
  const file = await files.open(path, READ)
  if (typeof file === 'string') return file
  const bytes = await file.read(100)
  await file.close()
  return typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes)
}

/** Does `what` as a user with no rights of root's, where that is who runs the tests. */
async function asNobody(what: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return what()
  chmodSync(place, 0o755)
  process.seteuid?.('nobody')
  try {
    await what()
  } finally {
    process.seteuid?.(0)
  }
}

const bytes = (content: string): Uint8Array => new TextEncoder().encode(content)

/** Every way to open a file, each of which must find the same way closed. */
const WAYS: readonly OpenHow[] = [
  READ,
  { access: 'write' },
  { access: 'write', truncate: true },
  { access: 'both', append: true },
  CREATE,
  { access: 'write', create: true, truncate: true },
]

describe('a folder', () => {
  test('gives its files and those below it', async () => {
    const files = await folder(root)
    expect(await text(files, 'file')).toBe('inside')
    expect(await text(files, 'sub/file')).toBe('deeper')
    expect(await text(files, './sub//./file')).toBe('deeper')
    expect(await text(files, 'none')).toBe('ENOENT')
    expect(await text(files, 'none/file')).toBe('ENOENT')
    expect(await text(files, 'file/file')).toBe('ENOTDIR')
  })

  test('a file is written, added to, and emptied', async () => {
    const files = await folder(root)
    const file = await opened(files, 'new', CREATE)
    expect(await file.write(bytes('one'))).toBe(3)
    await file.close()
    const more = await opened(files, 'new', { access: 'write', append: true })
    await more.write(bytes(' two'))
    await more.close()
    expect(readFileSync(join(root, 'new'), 'utf8')).toBe('one two')
    await (await opened(files, 'new', { access: 'write', truncate: true })).close()
    expect(readFileSync(join(root, 'new'), 'utf8')).toBe('')
  })

  test('a file that shall be new is refused where there is one', async () => {
    const files = await folder(root)
    const how: OpenHow = { ...CREATE, exclusive: true }
    expect(await files.open('file', how)).toBe('EEXIST')
    await (await opened(files, 'new', how)).close()
    expect(await files.open('new', how)).toBe('EEXIST')
  })

  test('opened to be read, nothing is emptied', async () => {
    const files = await folder(root)
    await (await opened(files, 'file', { access: 'read', truncate: true })).close()
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('inside')
  })

  test('what is made is no program, and nothing that acts for its owner', async () => {
    const files = await folder(root)
    await (await opened(files, 'new', { ...CREATE, mode: 0o7777 })).close()
    expect(statSync(join(root, 'new')).mode & 0o7111).toBe(0)
  })

  test('that there is not is an error in usage', async () => {
    const nowhere = join(place, 'nowhere')
    const message = `${nowhere}: cannot be served: there is no such folder`
    await expect(folder(nowhere)).rejects.toMatchObject({ code: 'ERR_USAGE', message })
    await expect(folder(join(root, 'file'))).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })

  test('that is itself behind a link is the one that the link named when it was given', async () => {
    const link = join(place, `link-${number}`)
    symlinkSync(root, link)
    const files = await folder(link)
    rmSync(link)
    symlinkSync(outside, link)
    expect(await text(files, 'file')).toBe('inside')
  })
})

describe('nothing leads out of it', () => {
  test.each(['../outside/file', 'sub/../../outside/file', '..', 'sub/..', '/etc/passwd'])(
    '%s',
    async (path) => {
      const files = await folder(root)
      for (const how of WAYS) expect(await files.open(path, how)).toBe('EACCES')
    },
  )

  test('a link to a file outside', async () => {
    symlinkSync(join(outside, 'file'), join(root, 'link'))
    const files = await folder(root)
    for (const how of WAYS) expect(await files.open('link', how)).toBe('EACCES')
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('secret')
  })

  test('a link to what there is not yet, which would be made', async () => {
    symlinkSync(join(outside, 'new'), join(root, 'link'))
    const files = await folder(root)
    for (const how of WAYS) expect(await files.open('link', how)).toBe('EACCES')
    expect(readdirSync(outside)).toEqual(['file'])
  })

  test('a link to a folder outside', async () => {
    symlinkSync(outside, join(root, 'link'))
    const files = await folder(root)
    for (const how of WAYS) {
      expect(['EACCES', 'ENOTDIR']).toContain(await files.open('link/file', how))
      expect(['EACCES', 'ENOTDIR']).toContain(await files.open('link/new', how))
    }
    expect(readdirSync(outside)).toEqual(['file'])
  })

  test('links within it are not followed either', async () => {
    symlinkSync('file', join(root, 'link'))
    expect(await text(await folder(root), 'link')).toBe('EACCES')
  })

  test('a link that is set while it is served', async () => {
    const files = await folder(root)
    expect(await text(files, 'sub/file')).toBe('deeper')
    renameSync(join(root, 'sub'), join(root, 'was-sub'))
    symlinkSync(outside, join(root, 'sub'))
    expect(await text(files, 'sub/file')).not.toBe('secret')
  })

  test('a file that is open stays the one that it was', async () => {
    const files = await folder(root)
    const file = await opened(files, 'file', { access: 'both' })
    rmSync(join(root, 'file'))
    symlinkSync(join(outside, 'file'), join(root, 'file'))
    await file.write(bytes('IN'))
    await file.close()
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('secret')
  })
})

describe('nor does somebody else on the host who is quick', () => {
  // Threads that set a link to the outside and take it away again: in the place of what is opened, or
  // where there is nothing else.
  const IN_ITS_PLACE = `
    renameSync(path, path + '.away')
    symlinkSync(target, path)
    rmSync(path)
    renameSync(path + '.away', path)`
  const IN_AN_EMPTY_PLACE = `
    rmSync(path, { force: true })
    try { symlinkSync(target, path) } catch {}`

  /** Calls `act` again and again, until it has been let in, and refused, often enough. */
  async function whileSwapped(
    swap: string,
    path: string,
    target: string,
    act: () => Promise<boolean>,
  ): Promise<void> {
    const stop = new Int32Array(new SharedArrayBuffer(4))
    const program = `
      const { renameSync, rmSync, symlinkSync } = require('node:fs')
      const { stop, path, target } = require('node:worker_threads').workerData
      while (Atomics.load(stop, 0) === 0) { ${swap} }`
    const swapper = new Worker(program, { eval: true, workerData: { stop, path, target } })
    const ended = new Promise((resolve, reject) => {
      swapper.on('exit', resolve).on('error', reject)
    })
    const seen = { letIn: 0, refused: 0 }
    try {
      while (seen.letIn < 200 || seen.refused < 200) seen[(await act()) ? 'letIn' : 'refused']++
    } finally {
      Atomics.store(stop, 0, 1)
      await ended
    }
  }

  test('with a link for a folder: nothing outside is read', async () => {
    const files = await folder(root)
    await whileSwapped(IN_ITS_PLACE, join(root, 'sub'), outside, async () => {
      const content = await text(files, 'sub/file')
      expect(content).not.toBe('secret')
      return content === 'deeper'
    })
  })

  test('with a link for a file: nothing outside is written or emptied', async () => {
    const files = await folder(root, { created: Number.POSITIVE_INFINITY })
    const how: OpenHow = { access: 'write', truncate: true }
    await whileSwapped(IN_ITS_PLACE, join(root, 'file'), join(outside, 'file'), async () => {
      const file = await files.open('file', how)
      if (typeof file === 'string') return false
      await file.write(bytes('x'))
      await file.close()
      return true
    })
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('secret')
  })

  test('with a link for a folder: nothing is made outside', async () => {
    const files = await folder(root, { created: Number.POSITIVE_INFINITY })
    let made = 0
    await whileSwapped(IN_ITS_PLACE, join(root, 'sub'), outside, async () => {
      const file = await files.open(`sub/new-${made++}`, CREATE)
      if (typeof file === 'string') return false
      await file.close()
      return true
    })
    expect(readdirSync(outside)).toEqual(['file'])
  })

  test('with a link where a file is made: it is not made elsewhere', async () => {
    const files = await folder(root, { created: Number.POSITIVE_INFINITY })
    const path = join(root, 'new')
    await whileSwapped(IN_AN_EMPTY_PLACE, path, join(outside, 'new'), async () => {
      const file = await files.open('new', CREATE)
      if (typeof file === 'string') return false
      await file.close()
      return true
    })
    expect(readdirSync(outside)).toEqual(['file'])
  })
})

describe('only regular files are opened', () => {
  test('a FIFO is refused, and nobody waits for its other end', async () => {
    execFileSync('mkfifo', [join(root, 'fifo')])
    const files = await folder(root)
    for (const how of WAYS) expect(await files.open('fifo', how)).toBe('EACCES')
  })

  test('a socket is refused', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve))
    const files = await folder(root)
    for (const how of WAYS) expect(await files.open('socket', how)).toBe('EACCES')
    server.close()
  })

  test('a device is refused', async () => {
    const files = await folder('/dev')
    for (const how of WAYS) expect(await files.open('null', how)).toBe('EACCES')
    expect(await files.open('zero', READ)).toBe('EACCES')
  })

  test('a folder is refused', async () => {
    const files = await folder(root)
    for (const how of WAYS) expect(await files.open('sub', how)).toBe('EISDIR')
  })
})

describe('limits', () => {
  test('a read-only folder is not changed', async () => {
    const files = await folder(root, { readOnly: true })
    for (const how of WAYS) {
      const file = await files.open('file', how)
      if (how.access === 'read') expect(typeof file).toBe('object')
      else expect(file).toBe('EROFS')
    }
    expect(await files.open('new', { access: 'read', create: true })).toBe('EROFS')
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('inside')
  })

  test('a file grows to its limit, by appending too', async () => {
    const files = await folder(root, { fileSize: 8 })
    const file = await opened(files, 'file', { access: 'write', append: true })
    expect(await file.write(bytes('1234'))).toBe(2)
    expect(await file.write(bytes('34'))).toBe('EFBIG')
    await file.close()
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('inside12')
  })

  test('so many files are made and no more', async () => {
    const files = await folder(root, { created: 2 })
    for (const name of ['a', 'b']) await (await opened(files, name, CREATE)).close()
    expect(await files.open('c', CREATE)).toBe('ENOSPC')
    await (await opened(files, 'a', CREATE)).close()
    expect(readdirSync(root)).not.toContain('c')
  })

  test('a name that is too long for the host is refused', async () => {
    expect(await text(await folder(root), 'x'.repeat(300))).toBe('ENAMETOOLONG')
  })

  test('what the host may not read stays unread', async () => {
    chmodSync(join(root, 'file'), 0)
    await asNobody(async () => {
      expect(await text(await folder(root), 'file')).toBe('EACCES')
    })
  })
})

test('descriptors are given back: of refused files at once, of opened ones when they are closed', async () => {
  symlinkSync(outside, join(root, 'link'))
  const files = await folder(root)
  const before = openDescriptors()
  for (const path of ['none', 'sub', 'link', 'link/file', 'sub/none', 'none/file']) {
    await files.open(path, READ)
  }
  const file = await opened(files, 'sub/new', CREATE)
  expect(openDescriptors()).toBe(before + 1)
  await file.close()
  expect(openDescriptors()).toBe(before)
})

test('hard links are files of the folder: who may set them is trusted with what they name', async () => {
  linkSync(join(outside, 'file'), join(root, 'hard'))
  expect(await text(await folder(root), 'hard')).toBe('secret')
})

test('a remote that dies leaves no descriptor of the host open', async () => {
  const before = openDescriptors()
  const { open, remote, server } = await serve({ files: await folder(root) })
  for (let i = 0; i < 5; i++) expect((await open('file', O.RDONLY)).field1).toBe(3 + i)
  expect(openDescriptors()).toBe(before + 5)
  remote.close()
  await server.whenEnded()
  expect(openDescriptors()).toBe(before)
})

/** How many descriptors of this process are files or folders of these tests. */
function openDescriptors(): number {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      // The descriptor with which the list was read.
      return ''
    }
  })
  return targets.filter((target) => target.startsWith(place)).length
}
