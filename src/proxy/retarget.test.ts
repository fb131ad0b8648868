import { expect, test } from 'vitest'
import { serve } from '../../test/support/proxy.js'
import { MemoryFiles } from './memory-files.js'
import { readSyscall, writeSyscall } from './retarget.js'

/** Bytes as struct rpmsg_rpc_syscall has them on a little-endian machine, then data. */
function bytes(...words: (number | string)[]): Uint8Array {
  const parts = words.map((word) => {
    if (typeof word === 'string') return [...new TextEncoder().encode(word)]
    return [word & 0xff, (word >> 8) & 0xff, (word >> 16) & 0xff, (word >> 24) & 0xff]
  })
  return Uint8Array.from(parts.flat())
}

test('a message is id, two fields, the length of its data, and data', () => {
  const message = bytes(4, -1, 5, 3, 'abc')
  const call = { id: 4, field1: -1, field2: 5, dataLength: 3, data: bytes('abc') }
  expect(readSyscall(message)).toEqual(call)
  expect(writeSyscall(call)).toEqual(message)
})

test('what is shorter than 16 bytes is no message', () => {
  expect(readSyscall(new Uint8Array(15))).toBeUndefined()
  expect(readSyscall(new Uint8Array(16))).toMatchObject({ id: 0 })
})

// What the C library of OpenAMP's rpc_demo sends for its calls, and what it must get.
test('the calls of OpenAMP’s rpc_demo, byte for byte', async () => {
  const files = new MemoryFiles()
  const { remote, events, server } = await serve({ files, input: async () => 'Ada\n' })
  const answer = async (message: Uint8Array): Promise<Uint8Array> => {
    await remote.send(message)
    return (await remote.receive()).data
  }
  // open("remote.file", O_CREAT | O_WRONLY | O_APPEND, S_IRUSR | S_IWUSR)
  expect(await answer(bytes(1, 0o2101, 0o600, 12, 'remote.file\0'))).toEqual(bytes(1, 3, 0, 0))
  // write(fd, …, 4)
  expect(await answer(bytes(3, 3, 4, 4, 'text'))).toEqual(bytes(3, 4, 0, 0))
  expect(await answer(bytes(2, 3, 0, 0))).toEqual(bytes(2, 0, 0, 0))
  // open("remote.file", O_RDONLY, …), read(fd, …, 1024)
  expect(await answer(bytes(1, 0, 0o600, 12, 'remote.file\0'))).toEqual(bytes(1, 3, 0, 0))
  expect(await answer(bytes(4, 3, 1024, 0))).toEqual(bytes(4, 4, 0, 4, 'text'))
  expect(await answer(bytes(4, 3, 1024, 0))).toEqual(bytes(4, 0, 0, 0))
  // printf: the length counts a NUL that lies one byte beyond what is sent; chance is sent instead
  expect(await answer(bytes(3, 1, 3, 4, 'hi\n\x7f'))).toEqual(bytes(3, 3, 0, 0))
  expect(events).toContainEqual({ type: 'output', descriptor: 1, data: bytes('hi\n') })
  // scanf
  expect(await answer(bytes(4, 0, 1024, 0))).toEqual(bytes(4, 4, 0, 4, 'Ada\n'))
  // TERM_SYSCALL_ID with whatever was on the stack behind it
  await remote.send(bytes(6, -559038737, 77, -1))
  expect(await server.whenEnded()).toBe('terminated')
  expect(files.text('remote.file')).toBe('text')
})
