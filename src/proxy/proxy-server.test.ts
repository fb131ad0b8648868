import { describe, expect, test } from 'vitest'
import { O, serve } from '../../test/support/proxy.js'
import { OpenampError } from '../base/errors.js'
import type { Files, OpenFile } from './files.js'
import { MemoryFiles } from './memory-files.js'
import { readSyscall, SYSCALL_ID, writeSyscall } from './retarget.js'

const READ_INPUT = writeSyscall({ id: SYSCALL_ID.READ, field1: 0, field2: 10 })

/** Files that tell when they are closed. */
function watchedFiles(): { readonly files: Files; readonly closed: string[] } {
  const closed: string[] = []
  const open = async (path: string): Promise<OpenFile> => ({
    read: async () => new Uint8Array(0),
    write: async (bytes) => bytes.length,
    close: async () => {
      closed.push(path)
      return undefined
    },
  })
  return { files: { open }, closed }
}

describe('files', () => {
  test('are read in pieces, to the end', async () => {
    const { open, read } = await serve({ files: new MemoryFiles({ 'a/b': 'content' }) })
    expect(await open('a/b')).toMatchObject({ field1: 3 })
    expect([await read(3, 4), await read(3, 4), await read(3, 4)]).toEqual(['cont', 'ent', ''])
  })

  test('have the lowest free number from 3', async () => {
    const { open, ask } = await serve({ files: new MemoryFiles({ a: '', b: '', c: '' }) })
    expect([(await open('a')).field1, (await open('b')).field1]).toEqual([3, 4])
    await ask({ id: SYSCALL_ID.CLOSE, field1: 3 })
    expect((await open('c')).field1).toBe(3)
  })

  test('a read gives what one message carries, whatever was asked for', async () => {
    const files = new MemoryFiles({ long: 'x'.repeat(10_000) })
    const { open, read } = await serve({ files })
    await open('long')
    expect(await read(3, 0x7fff_ffff)).toHaveLength(480)
    expect(await read(3, 480)).toHaveLength(480)
  })

  test('flags are Linux’s, or newlib’s by option', async () => {
    const files = new MemoryFiles({ old: 'old' })
    const linux = await serve({ files })
    expect(await linux.open('new', O.CREAT | O.WRONLY)).toMatchObject({ field1: 3 })
    expect(await linux.open('other', 0x200 | 1)).toMatchObject({ field1: -1, field2: 2 })
    const newlib = await serve({ files, libc: 'newlib' })
    expect(await newlib.open('other', 0x200 | 1)).toMatchObject({ field1: 3 })
    expect(await newlib.open('old', 0x400 | 1)).toMatchObject({ field1: 4 })
    expect(files.text('old')).toBe('')
  })

  test('the error’s number is that of the remote’s C library', async () => {
    const path = 'x'.repeat(300)
    expect(await (await serve()).open(path)).toMatchObject({ field1: -1, field2: 36 })
    const { open } = await serve({ libc: 'newlib' })
    expect(await open(path)).toMatchObject({ field1: -1, field2: 91 })
  })

  test('there are none unless they are given', async () => {
    const { open } = await serve()
    expect(await open('file', O.CREAT | O.RDWR)).toMatchObject({ field1: -1, field2: 2 })
  })
})

describe('the console', () => {
  test('what is written to descriptors 1 and 2 is an event', async () => {
    const { write, events } = await serve()
    expect(await write(1, 'out')).toMatchObject({ field1: 3 })
    expect(await write(2, 'err')).toMatchObject({ field1: 3 })
    const text = (data: string) => new TextEncoder().encode(data)
    expect(events).toEqual([
      { type: 'output', descriptor: 1, data: text('out') },
      { type: 'output', descriptor: 2, data: text('err') },
    ])
  })

  test('descriptor 0 reads the input; what is left of a piece comes next', async () => {
    const pieces = ['one line\n', 'two\n']
    const { read } = await serve({ input: async () => pieces.shift() })
    const reads = [await read(0, 4), await read(0, 100), await read(0, 100), await read(0, 100)]
    expect(reads).toEqual(['one ', 'line\n', 'two\n', ''])
  })

  test('is at its end where there is no input', async () => {
    const { read } = await serve()
    expect(await read(0, 10)).toBe('')
  })

  test('a read that waits for input does not keep other calls waiting', async () => {
    let type = (_line: string): void => {}
    const typed = new Promise<string>((resolve) => {
      type = resolve
    })
    const { write, events, remote } = await serve({ input: () => typed })
    await remote.send(READ_INPUT)
    expect(await write(1, 'prompt')).toMatchObject({ id: SYSCALL_ID.WRITE, field1: 6 })
    expect(events.map((event) => event.type)).toEqual(['input', 'output'])
    type('now')
    const { data } = await remote.receive()
    expect(readSyscall(data)).toMatchObject({ id: SYSCALL_ID.READ, field1: 3 })
  })

  test('a second read while one waits is told to try again', async () => {
    const { remote, ask } = await serve({ input: () => new Promise(() => {}) })
    await remote.send(READ_INPUT)
    const second = await ask({ id: SYSCALL_ID.READ, field1: 0, field2: 10 })
    expect(second).toMatchObject({ field1: -1, field2: 11 })
  })

  test('may be closed, and goes on: a C program closes it at its end', async () => {
    const { ask, write } = await serve()
    for (const field1 of [0, 1, 2]) {
      expect(await ask({ id: SYSCALL_ID.CLOSE, field1 })).toMatchObject({ field1: 0 })
    }
    expect(await write(1, 'still')).toMatchObject({ field1: 5 })
  })
})

describe('the end', () => {
  test('TERM ends the session: the files are closed, and the channel', async () => {
    const { files, closed } = watchedFiles()
    const { open, remote, server } = await serve({ files })
    await open('a')
    await open('b')
    await remote.send(writeSyscall({ id: SYSCALL_ID.TERM, field1: 0 }))
    expect(await server.whenEnded()).toBe('terminated')
    expect(closed).toEqual(['a', 'b'])
    expect(remote.endpoint.bound).toBe(false)
  })

  test('a remote that closes its channel ends it', async () => {
    const { files, closed } = watchedFiles()
    const { open, remote, server } = await serve({ files })
    await open('a')
    remote.close()
    expect(await server.whenEnded()).toBe('closed')
    expect(closed).toEqual(['a'])
  })

  test('a remote that crashes ends it with the reason', async () => {
    const { files, closed } = watchedFiles()
    const { open, link, server } = await serve({ files })
    await open('a')
    link.host.close(new OpenampError('ERR_CRASHED', 'the remote crashed'))
    await expect(server.whenEnded()).rejects.toMatchObject({ code: 'ERR_CRASHED' })
    expect(closed).toEqual(['a'])
  })

  test('while a read waits for input, it ends all the same', async () => {
    const { ask, remote, server } = await serve({ input: () => new Promise(() => {}) })
    const read = ask({ id: SYSCALL_ID.READ, field1: 0, field2: 1 })
    remote.close()
    expect(await server.whenEnded()).toBe('closed')
    await expect(read).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  test('the host ends it with close, and the remote is told', async () => {
    const { files, closed } = watchedFiles()
    const { open, server, remote } = await serve({ files })
    await open('a')
    await server.close()
    expect(closed).toEqual(['a'])
    expect(remote.endpoint.bound).toBe(false)
  })
})

test('a greeting comes first where it is asked for, as OpenAMP’s host on Linux sends it', async () => {
  const { remote } = await serve({ greet: true })
  expect((await remote.receive()).text()).toBe('init_msg\0')
})
