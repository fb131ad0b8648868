import { describe, expect, test } from 'vitest'
import { rpmsgLoopback } from '../rpmsg/loopback.js'
import type { Errno } from './errno.js'
import type { OpenFile } from './files.js'
import { MemoryFiles } from './memory-files.js'
import { ProxyClient } from './proxy-client.js'
import { ProxyServer, type ProxyServerOptions } from './proxy-server.js'
import { RETARGET_CHANNEL, readSyscall, SYSCALL_ID, writeSyscall } from './retarget.js'

const text = (bytes: Uint8Array | Errno): string =>
  typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes)
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content)

/** Both ends of ours over one link. */
async function session(options: ProxyServerOptions = {}) {
  const link = rpmsgLoopback()
  const channel = link.remote.announce(RETARGET_CHANNEL)
  const server = ProxyServer.serve(await link.host.channel(RETARGET_CHANNEL), options)
  return { link, server, client: new ProxyClient(channel, options) }
}

/** A host that answers each call with what it is told to. */
async function hostThatAnswers(answer: (id: number) => readonly Uint8Array[]) {
  const link = rpmsgLoopback()
  const client = new ProxyClient(link.remote.announce(RETARGET_CHANNEL))
  const channel = await link.host.channel(RETARGET_CHANNEL)
  channel.onMessage((message) => {
    for (const part of answer(readSyscall(message.copy())?.id ?? 0)) channel.trySend(part)
  })
  return client
}

function opened(file: OpenFile | Errno): OpenFile {
  if (typeof file === 'string') throw new Error(file)
  return file
}

describe.each(['linux', 'newlib'] as const)('between two ends of ours, as on %s', (libc) => {
  test('a file is made, written, added to and read back', async () => {
    const files = new MemoryFiles()
    const { client } = await session({ files, libc })
    const file = opened(await client.open('log', { access: 'write', create: true }))
    expect(await file.write(bytes('one'))).toBe(3)
    expect(await file.close()).toBeUndefined()
    const more = opened(await client.open('log', { access: 'write', append: true }))
    await more.write(bytes(' two'))
    await more.close()
    const back = opened(await client.open('log', { access: 'read' }))
    expect(text(await back.read(100))).toBe('one two')
    expect(text(await back.read(100))).toBe('')
  })

  test('what is refused comes back by its name', async () => {
    const { client } = await session({ files: new MemoryFiles({ a: '' }), libc })
    expect(await client.open('none', { access: 'read' })).toBe('ENOENT')
    expect(await client.open('../a', { access: 'read' })).toBe('EACCES')
    expect(await client.open('x'.repeat(256), { access: 'read' })).toBe('ENAMETOOLONG')
    const file = opened(await client.open('a', { access: 'read' }))
    expect(await file.write(bytes('x'))).toBe('EBADF')
  })
})

describe('a remote’s end', () => {
  test('prints to the host, however long, and reads what is typed there', async () => {
    let out = ''
    let errors = ''
    const { client, server } = await session({ input: async () => 'typed\n' })
    server.events.observe((event) => {
      if (event.type !== 'output') return
      if (event.descriptor === 1) out += text(event.data)
      else errors += text(event.data)
    })
    const long = 'x'.repeat(1000)
    await client.print(long)
    await client.print('wrong', 'error')
    expect({ out, errors }).toEqual({ out: long, errors: 'wrong' })
    expect(text(await client.input(100))).toBe('typed\n')
  })

  test('takes calls that are made at once one after the other', async () => {
    const { client } = await session({ files: new MemoryFiles({ a: 'abc' }) })
    const file = opened(await client.open('a', { access: 'read' }))
    const reads = await Promise.all([file.read(1), file.read(1), file.read(1)])
    expect(reads.map(text)).toEqual(['a', 'b', 'c'])
  })

  test('ends the session', async () => {
    const { client, server } = await session()
    await client.terminate()
    expect(await server.whenEnded()).toBe('terminated')
  })

  test('waits for no answer after the host has gone', async () => {
    const { client, link } = await session({ input: () => new Promise(() => {}) })
    const input = client.input(1)
    link.remote.close(new Error('the host has reset the device'))
    await expect(input).rejects.toThrow('the host has reset the device')
  })

  test('can serve the host’s files on: both ends have the same form', async () => {
    const { client } = await session({ files: new MemoryFiles({ a: 'far away' }) })
    const second = await session({ files: client })
    const file = opened(await second.client.open('a', { access: 'read' }))
    expect(text(await file.read(100))).toBe('far away')
  })
})

describe('a host that is not ours', () => {
  test('greets first, and sends no number with an error: both are taken', async () => {
    const refused = writeSyscall({ id: SYSCALL_ID.OPEN, field1: -1 })
    const client = await hostThatAnswers(() => [bytes('init_msg\0'), refused])
    expect(await client.open('a', { access: 'read' })).toBe('EIO')
  })

  test.each([
    ['more bytes than were asked for', { field1: 11, data: new Uint8Array(11) }],
    ['more bytes than have come', { field1: 10, data: new Uint8Array(9) }],
  ])('answers a read with %s: ERR_PEER', async (_, answer) => {
    const client = await hostThatAnswers((id) => [writeSyscall({ id, ...answer })])
    await expect(client.input(10)).rejects.toMatchObject({ code: 'ERR_PEER' })
  })

  test('has written more than there was: ERR_PEER', async () => {
    const client = await hostThatAnswers((id) => [writeSyscall({ id, field1: 4 })])
    await expect(client.print('abc')).rejects.toMatchObject({ code: 'ERR_PEER' })
  })

  test('answers another call: ERR_PEER', async () => {
    const client = await hostThatAnswers(() => [writeSyscall({ id: SYSCALL_ID.CLOSE, field1: 0 })])
    await expect(client.input(1)).rejects.toMatchObject({ code: 'ERR_PEER' })
  })

  test('ends the session by TERM: ERR_CLOSED', async () => {
    const client = await hostThatAnswers(() => [writeSyscall({ id: SYSCALL_ID.TERM, field1: 0 })])
    await expect(client.input(1)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(client.input(1)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})
