import { describe, expect, test } from 'vitest'
import { O, serve } from '../../test/support/proxy.js'
import { MemoryFiles } from './memory-files.js'
import { SYSCALL_ID, writeSyscall } from './retarget.js'

const EBADF = { field1: -1, field2: 9 }
const EACCES = { field1: -1, field2: 13 }
const EINVAL = { field1: -1, field2: 22 }
const ENOSPC = { field1: -1, field2: 28 }

describe('a remote that lies about descriptors', () => {
  // 3 and more are open in this process; the remote has none of them.
  test.each([3, 4, 20, -1, -0x8000_0000, 0x7fff_ffff])('%i is not its own', async (field1) => {
    const { ask } = await serve({ files: new MemoryFiles() })
    expect(await ask({ id: SYSCALL_ID.READ, field1, field2: 10 })).toMatchObject(EBADF)
    const data = Uint8Array.of(1)
    const write = { id: SYSCALL_ID.WRITE, field1, field2: 1, data }
    expect(await ask(write)).toMatchObject(EBADF)
    expect(await ask({ id: SYSCALL_ID.CLOSE, field1 })).toMatchObject(EBADF)
  })

  test('one that was closed is nobody’s', async () => {
    const { open, ask } = await serve({ files: new MemoryFiles({ a: '' }) })
    await open('a')
    expect(await ask({ id: SYSCALL_ID.CLOSE, field1: 3 })).toMatchObject({ field1: 0 })
    expect(await ask({ id: SYSCALL_ID.CLOSE, field1: 3 })).toMatchObject(EBADF)
  })

  test('input is not written to, output not read', async () => {
    const { ask, write } = await serve()
    expect(await write(0, 'x')).toMatchObject(EBADF)
    expect(await ask({ id: SYSCALL_ID.READ, field1: 1, field2: 1 })).toMatchObject(EBADF)
  })

  test('those of another remote are not its own', async () => {
    const files = new MemoryFiles({ a: 'secret' })
    const one = await serve({ files })
    await one.open('a')
    const other = await serve({ files })
    expect(await other.ask({ id: SYSCALL_ID.READ, field1: 3, field2: 9 })).toMatchObject(EBADF)
  })

  test('a file is used as it was opened', async () => {
    const { open, write, ask } = await serve({ files: new MemoryFiles({ a: 'a', b: 'b' }) })
    await open('a', O.RDONLY)
    await open('b', O.WRONLY)
    expect(await write(3, 'x')).toMatchObject(EBADF)
    expect(await ask({ id: SYSCALL_ID.READ, field1: 4, field2: 1 })).toMatchObject(EBADF)
  })
})

describe('a remote that lies about lengths', () => {
  test.each([5, 481, 0x7fff_ffff, -1, -0x8000_0000])(
    'a write of %i bytes of which 4 came is refused, and nothing of it written',
    async (field2) => {
      const { open, ask, events } = await serve({ files: new MemoryFiles({ a: '' }) })
      await open('a', O.RDWR)
      const data = new Uint8Array(4)
      for (const field1 of [1, 3]) {
        const call = { id: SYSCALL_ID.WRITE, field1, field2, data, dataLength: field2 >>> 0 }
        expect(await ask(call)).toMatchObject(EINVAL)
      }
      expect(events.some(({ type }) => type === 'output')).toBe(false)
    },
  )

  test.each([-1, -0x8000_0000])('a read of %i bytes is refused', async (field2) => {
    const { open, ask } = await serve({ files: new MemoryFiles({ a: 'a' }) })
    await open('a')
    for (const field1 of [0, 3]) {
      expect(await ask({ id: SYSCALL_ID.READ, field1, field2 })).toMatchObject(EINVAL)
    }
  })

  test('a read of nothing waits for no input', async () => {
    const { ask } = await serve({ input: () => new Promise(() => {}) })
    const read = { id: SYSCALL_ID.READ, field1: 0, field2: 0 }
    expect(await ask(read)).toMatchObject({ field1: 0 })
  })

  test('a name ends with the message, whatever its length says', async () => {
    const { ask } = await serve({ files: new MemoryFiles({ name: '' }) })
    const data = new TextEncoder().encode('name')
    for (const dataLength of [4, 5, 0xffff_ffff]) {
      const call = { id: SYSCALL_ID.OPEN, field1: 0, field2: 0, dataLength, data }
      expect((await ask(call)).field1).toBeGreaterThan(2)
    }
    const call = { id: SYSCALL_ID.OPEN, field1: 0, field2: 0, dataLength: 0, data }
    expect(await ask(call)).toMatchObject({ field1: -1, field2: 2 })
  })

  test('a message shorter than a header gets no answer, is told of, and the next is served', async () => {
    const { remote, write, events } = await serve()
    for (const length of [0, 1, 15]) await remote.send(new Uint8Array(length).fill(1))
    expect(await write(1, 'x')).toMatchObject({ field1: 1 })
    expect(events.filter(({ type }) => type === 'malformed')).toEqual([
      { type: 'malformed', length: 0 },
      { type: 'malformed', length: 1 },
      { type: 'malformed', length: 15 },
    ])
  })
})

describe('a remote that calls what there is not', () => {
  test.each([0, 5, 7, 0x0100_0001, 0xffff_ffff])('id %i is answered: no such call', async (id) => {
    const { ask } = await serve()
    expect(await ask({ id, field1: 1, field2: 1 })).toEqual({
      id,
      field1: -1,
      field2: 38,
      dataLength: 0,
      data: new Uint8Array(0),
    })
  })

  test.each([3, 0o4000, 0o10000, 0o20200000, -1, 1 << 31])(
    'open flags %i are refused',
    async (flags) => {
      const { open } = await serve({ files: new MemoryFiles({ a: '' }) })
      expect(await open('a', flags)).toMatchObject(EINVAL)
    },
  )
})

describe('a remote that names what is not its own', () => {
  test.each(['/etc/passwd', '//a', '../a', 'a/../../b', 'a/..', '..', 'a\\..\\b', 'c:a'])(
    '%s leads out',
    async (path) => {
      const { open } = await serve({ files: new MemoryFiles({ a: '' }) })
      expect(await open(path, O.CREAT | O.RDWR)).toMatchObject(EACCES)
    },
  )

  test.each(['.', './', 'a/', './.'])('%s is a folder', async (path) => {
    const { open } = await serve({ files: new MemoryFiles({ a: '' }) })
    expect(await open(path, O.CREAT | O.RDWR)).toMatchObject({ field1: -1, field2: 21 })
  })

  test('what comes after a NUL is not part of the name', async () => {
    const files = new MemoryFiles({ name: 'right' })
    const { open, read } = await serve({ files })
    await open(new TextEncoder().encode('name\0/../../etc/passwd\0'))
    expect(await read(3, 10)).toBe('right')
  })

  test('a name that is no UTF-8 is refused', async () => {
    const { open } = await serve({ files: new MemoryFiles() })
    expect(await open(Uint8Array.of(0x61, 0xff, 0), O.CREAT)).toMatchObject(EINVAL)
  })
})

describe('a remote that wants too much', () => {
  test('16 files are open at once, or as many as the limit says', async () => {
    const files = new MemoryFiles({ a: '' })
    const { open, ask } = await serve({ files })
    for (let i = 0; i < 16; i++) expect((await open('a')).field1).toBe(3 + i)
    expect(await open('a')).toMatchObject({ field1: -1, field2: 24 })
    await ask({ id: SYSCALL_ID.CLOSE, field1: 10 })
    expect((await open('a')).field1).toBe(10)
    const strict = await serve({ files, limits: { openFiles: 1 } })
    await strict.open('a')
    expect(await strict.open('a')).toMatchObject({ field1: -1, field2: 24 })
  })

  test('a path has at most 255 bytes, or as many as the limit says', async () => {
    const files = new MemoryFiles()
    const { open } = await serve({ files })
    expect((await open('x'.repeat(255), O.CREAT)).field1).toBe(3)
    expect(await open('x'.repeat(256), O.CREAT)).toMatchObject({ field1: -1, field2: 36 })
    const strict = await serve({ files, limits: { pathLength: 4 } })
    expect(await strict.open('ööö', O.CREAT)).toMatchObject({ field1: -1, field2: 36 })
  })

  test('what it writes in all is limited', async () => {
    const files = new MemoryFiles()
    const { open, write } = await serve({ files, limits: { written: 6 } })
    await open('a', O.CREAT | O.WRONLY)
    await open('b', O.CREAT | O.WRONLY)
    expect(await write(3, 'four')).toMatchObject({ field1: 4 })
    expect(await write(4, 'four')).toMatchObject({ field1: -1, field2: 28 })
    expect(await write(4, '56')).toMatchObject({ field1: 2 })
  })

  test('a file grows to its limit: what fits is written, then nothing', async () => {
    const files = new MemoryFiles({}, { fileSize: 6 })
    const { open, write } = await serve({ files })
    await open('a', O.CREAT | O.WRONLY)
    expect(await write(3, 'four')).toMatchObject({ field1: 4 })
    expect(await write(3, 'four')).toMatchObject({ field1: 2 })
    expect(await write(3, 'four')).toMatchObject({ field1: -1, field2: 27 })
    expect(files.text('a')).toBe('fourfo')
  })

  test('thousands of calls without waiting for answers are all answered, in order', async () => {
    const { remote, server } = await serve()
    const count = 2000
    const sending = (async () => {
      for (let i = 0; i < count; i++) await remote.send(writeSyscall({ id: 100 + i, field1: 0 }))
    })()
    for (let i = 0; i < count; i++) {
      const { data } = await remote.receive()
      expect(new DataView(data.buffer).getUint32(0, true)).toBe(100 + i)
    }
    await sending
    await server.close()
  })
})

describe('files that fail', () => {
  test('what they throw is an error for the remote, and told of with its cause', async () => {
    const cause = new Error('disk on fire')
    const fails = () => Promise.reject(cause)
    const files = { open: async () => ({ read: fails, write: fails, close: fails }) }
    const { open, write, ask, events } = await serve({ files })
    await open('a')
    const EIO = { field1: -1, field2: 5 }
    expect(await write(3, 'x')).toMatchObject(EIO)
    expect(await ask({ id: SYSCALL_ID.READ, field1: 3, field2: 1 })).toMatchObject(EIO)
    expect(await ask({ id: SYSCALL_ID.CLOSE, field1: 3 })).toMatchObject(EIO)
    const what = 'descriptor 3'
    expect(events).toContainEqual({ type: 'refused', call: 'write', what, errno: 'EIO', cause })
  })

  test('input that cannot be read is one, too', async () => {
    const { ask } = await serve({ input: () => Promise.reject(new Error('gone')) })
    const read = { id: SYSCALL_ID.READ, field1: 0, field2: 1 }
    expect(await ask(read)).toMatchObject({ field1: -1, field2: 5 })
  })
})

describe('a remote that asks without end', () => {
  test('makes so many files in memory, and no more', async () => {
    const files = new MemoryFiles({ there: '' }, { created: 2 })
    const { open } = await serve({ files })
    for (const name of ['a', 'b']) expect(await open(name, O.CREAT)).not.toMatchObject(ENOSPC)
    expect(await open('c', O.CREAT)).toMatchObject(ENOSPC)
    expect(await open('there', O.CREAT)).toMatchObject({ field1: 5 })
    expect(files.paths).toEqual(['there', 'a', 'b'])
  })

  test('for input, and takes no answer, is not listened to any more', async () => {
    const { link, remote } = await serve({ input: async () => 'yes' })
    // The remote returns no buffer: there is none for an answer.
    while (link.host.tryGetTx() !== undefined);
    for (let i = 0; i < 100; i++) {
      await remote.send(writeSyscall({ id: SYSCALL_ID.READ, field1: 0, field2: 1 }))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(link.host.stats.sendersWaiting).toBeLessThan(4)
  })
})

test('a file in memory that was truncated by another is zero up to where it is written on', async () => {
  const files = new MemoryFiles({ a: 'abcdef' })
  const { open, read, write } = await serve({ files })
  await open('a', O.RDWR)
  await read(3, 4)
  await open('a', O.RDWR | O.TRUNC)
  await write(3, 'xy')
  expect(files.text('a')).toBe('\0\0\0\0xy')
})
