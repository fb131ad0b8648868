import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FakeFile, message, words } from '../../../test/support/vhost-user.js'
import { MessageReader } from './reader.js'

test('messages are put together from pieces of any size, with the files that came with them', () => {
  const property = fc.property(fc.array(fc.integer({ min: 1, max: 20 })), (sizes) => {
    const reader = new MessageReader()
    const all = [message('GET_FEATURES'), message('SET_FEATURES', words(5n), 8), message(35)]
    const stream = Uint8Array.from(all.flatMap((bytes) => [...bytes]))
    const got = []
    for (let at = 0, i = 0; at < stream.length; i++) {
      const size = Math.min(sizes[i % sizes.length] ?? 7, reader.wanted)
      const files = at === 12 ? [new FakeFile()] : []
      const done = reader.push(stream.subarray(at, at + size), files)
      if (done !== undefined) got.push(done)
      at += size
    }
    expect(got.map(({ request, flags, payload }) => [request, flags, payload])).toEqual([
      [1, 1, words()],
      [2, 9, words(5n)],
      [35, 1, words()],
    ])
    expect(got.map(({ descriptors }) => descriptors.length)).toEqual([0, 1, 0])
  })
  fc.assert(property)
})

test('it never asks for bytes of the next message', () => {
  const reader = new MessageReader()
  expect(reader.wanted).toBe(12)
  reader.push(message('SET_FEATURES', words(5n)).subarray(0, 12), [])
  expect(reader.wanted).toBe(8)
  reader.push(words(5n), [])
  expect(reader.wanted).toBe(12)
})

test('files of a message in many pieces are counted, and closed if it is not completed', () => {
  const reader = new MessageReader()
  const files = Array.from({ length: 9 }, () => new FakeFile())
  const piece = message('GET_FEATURES')
  files.slice(0, 8).forEach((file, i) => {
    reader.push(piece.subarray(i, i + 1), [file])
  })
  expect(() => reader.push(piece.subarray(8, 9), files.slice(8))).toThrow('more than 8 file')
  reader.close()
  expect(files.map(({ closed }) => closed)).toEqual(files.map(() => 1))
})
