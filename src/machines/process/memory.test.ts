import { closeSync, ftruncateSync, readSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadLibc } from '../native/libc-node.js'
import { checkSealed, createSealed, MappedMemory } from './memory-node.js'

const SIZE = 0x1_0000

test('a file is laid under memory and taken away again, and its views stay', async () => {
  const libc = await loadLibc('a test')
  const memory = new MappedMemory(libc, SIZE)
  const view = new DataView(memory.buffer)
  const file = createSealed(libc, SIZE)
  memory.attach(file)
  view.setUint8(5, 0x11)
  const read = new Uint8Array(1)
  readSync(file, read, 0, 1, 5)
  expect(read[0]).toBe(0x11)
  memory.detach()
  expect(view.getUint8(5)).toBe(0x11)
  view.setUint8(5, 0x22)
  readSync(file, read, 0, 1, 5)
  expect(read[0]).toBe(0x11)
  closeSync(file)
})

test('memory without a name cannot be cut off', async () => {
  const file = createSealed(await loadLibc('a test'), SIZE)
  expect(() => ftruncateSync(file, 0)).toThrow(/EPERM/)
  closeSync(file)
})

test('memory that can be cut off, or is too small, is not taken from the other end', async () => {
  const libc = await loadLibc('a test')
  const unsealed = libc.memfd_create('test', 3)
  ftruncateSync(unsealed, SIZE)
  expect(() => checkSealed(libc, unsealed, SIZE)).toThrow(/can be cut off/)
  const small = createSealed(libc, SIZE)
  expect(() => checkSealed(libc, small, 2 * SIZE)).toThrow(
    /0x10000 bytes, expected at least 0x20000/,
  )
  closeSync(unsealed)
  closeSync(small)
})
