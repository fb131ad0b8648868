import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LinuxTree } from '../../../test/support/linux-tree.js'
import { Devcoredumps } from './coredumps-node.js'
import { Tree } from './tree-node.js'

const CLASS = 'sys/class/devcoredump'

const dump = (board: LinuxTree, name: string, of: string): LinuxTree =>
  board
    .file(`${CLASS}/${name}/data`, `of ${of}`)
    .link(`${CLASS}/${name}/failing_device`, `sys/class/remoteproc/${of}`)

function board(): LinuxTree {
  return new LinuxTree().remote('remoteproc0', 'm4').remote('remoteproc1', 'dsp')
}

test('a dump is taken once, though the kernel removes it only some time after it was let go', async () => {
  const tree = board()
  const dumps = new Devcoredumps(new Tree(tree.root), 'remoteproc0')
  expect(await dumps.take()).toBeUndefined()
  dump(dump(tree, 'devcd1', 'remoteproc1'), 'devcd2', 'remoteproc0')
  const taken = await dumps.take()
  expect(Buffer.from(taken?.bytes ?? []).toString()).toBe('of remoteproc0')
  await taken?.release()
  expect(readFileSync(tree.path(`${CLASS}/devcd2/data`), 'utf8')).toBe('1')
  expect(await dumps.take()).toBeUndefined()
})

test('a dump that was there before is left to whoever it is for', async () => {
  const tree = dump(board(), 'devcd1', 'remoteproc0')
  const dumps = new Devcoredumps(new Tree(tree.root), 'remoteproc0')
  expect(await dumps.take()).toBeUndefined()
})

test('one that cannot be read is told of once', async () => {
  const tree = board()
  const dumps = new Devcoredumps(new Tree(tree.root), 'remoteproc0')
  dump(tree, 'devcd1', 'remoteproc0').remove(`${CLASS}/devcd1/data`)
  await expect(dumps.take()).rejects.toMatchObject({ code: 'ERR_SYSTEM' })
  expect(await dumps.take()).toBeUndefined()
})
