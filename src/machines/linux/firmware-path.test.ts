import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LinuxTree } from '../../../test/support/linux-tree.js'
import { findFirmware, PATH_PARAMETER, placeFirmware } from './firmware-path-node.js'
import { Tree } from './tree-node.js'

const bytes = Uint8Array.of(1, 2, 3)

test('an image is laid into /lib/firmware, and taken away again', () => {
  const board = new LinuxTree().folder('lib/firmware')
  const placed = placeFirmware(new Tree(board.root), { name: 'fw.elf', bytes })
  expect(placed.name).toBe('fw.elf')
  expect(new Uint8Array(readFileSync(board.path('lib/firmware/fw.elf')))).toEqual(bytes)
  placed.remove()
  expect(existsSync(board.path('lib/firmware/fw.elf'))).toBe(false)
})

test('one that is there already is used, and stays', () => {
  const board = new LinuxTree().file('lib/firmware/fw.elf', bytes)
  const placed = placeFirmware(new Tree(board.root), { name: 'fw.elf', bytes })
  placed.remove()
  expect(placed.name).toBe('fw.elf')
  expect(existsSync(board.path('lib/firmware/fw.elf'))).toBe(true)
})

test('another one of the same name is not written over', () => {
  const board = new LinuxTree().file('lib/firmware/fw.elf', 'another')
  const placed = placeFirmware(new Tree(board.root), { name: 'fw.elf', bytes })
  expect(placed.name).toBe('openamp-1-fw.elf')
  expect(readFileSync(board.path('lib/firmware/fw.elf'), 'utf8')).toBe('another')
})

test('the folder that the kernel was told of comes before all others', () => {
  const board = new LinuxTree()
    .folder('lib/firmware')
    .folder('opt/fw')
    .file(PATH_PARAMETER, '/opt/fw\n')
  placeFirmware(new Tree(board.root), { name: 'fw.elf', bytes })
  expect(existsSync(board.path('opt/fw/fw.elf'))).toBe(true)
})

test('where no folder is there the path is set to one of ours, and unset again', () => {
  const board = new LinuxTree().file(PATH_PARAMETER, '\n')
  const tree = new Tree(board.root)
  const placed = placeFirmware(tree, { name: 'fw.elf', bytes })
  const folder = tree.line(PATH_PARAMETER) ?? ''
  expect(new Uint8Array(readFileSync(board.path(join(folder, placed.name))))).toEqual(bytes)
  placed.remove()
  expect(tree.text(PATH_PARAMETER)).toBe('\0')
  expect(existsSync(board.path(folder))).toBe(false)
})

test('where nothing can be written the refusal names the places', () => {
  const board = new LinuxTree().folder('lib')
  expect(() => placeFirmware(new Tree(board.root), { name: 'fw.elf', bytes })).toThrow(
    /none of its folders can be written \(.*\/lib\/firmware\)/,
  )
})

test.each(['../../etc/passwd', '/etc/passwd'])('an image called %s stays in the folder', (name) => {
  const board = new LinuxTree().folder('lib/firmware')
  expect(placeFirmware(new Tree(board.root), { name, bytes }).name).toBe('passwd')
})

test('what the kernel would boot is found in the order of its folders', () => {
  const board = new LinuxTree()
    .file('lib/firmware/a.elf', 'old')
    .file('lib/firmware/updates/a.elf', 'new')
  const found = findFirmware(new Tree(board.root), 'a.elf')
  expect(new TextDecoder().decode(found?.bytes)).toBe('new')
})
