import { describe, expect, test } from 'vitest'
import { LinuxTree } from '../../../test/support/linux-tree.js'
import { carveouts } from './debugfs-node.js'
import { linuxRemote } from './linux-node.js'
import { findRemote, listRemotes } from './remotes-node.js'
import { Tree } from './tree-node.js'

function twoRemotes(): Tree {
  const { root } = new LinuxTree()
    .remote('remoteproc0', '4c000000.m4', { state: 'running' })
    .node('4c000000.m4', '/soc/m4@4c000000', 'rproc0')
    .virtio('remoteproc0', '4c000000.m4')
    .channel('rpmsg-raw', 1024, 'rpmsg0')
    .remote('remoteproc10', 'dsp')
    .remote('remoteproc2', 'r5')
  return new Tree(root)
}

test('the remotes of a machine are listed in their order, with channels and aliases', () => {
  const [first, ...others] = listRemotes(twoRemotes())
  expect(first).toEqual({
    id: 'remoteproc0',
    name: '4c000000.m4',
    state: 'running',
    firmware: '4c000000.m4.elf',
    recovery: 'enabled',
    coredump: 'disabled',
    node: '/soc/m4@4c000000',
    aliases: ['rproc0'],
    channels: [
      {
        device: 'virtio0.rpmsg-raw.-1.1024',
        name: 'rpmsg-raw',
        source: 0x401,
        destination: 1024,
        driver: 'rpmsg_chrdev',
        node: '/dev/rpmsg0',
      },
    ],
  })
  expect(others.map(({ id }) => id)).toEqual(['remoteproc2', 'remoteproc10'])
})

describe('a remote is found by', () => {
  test.each([
    ['its number', 2, 'remoteproc2'],
    ['its number as text', '10', 'remoteproc10'],
    ['its device', 'remoteproc0', 'remoteproc0'],
    ['its name', 'r5', 'remoteproc2'],
    ['its alias in the device tree', 'rproc0', 'remoteproc0'],
    ['its node there', '/soc/m4@4c000000', 'remoteproc0'],
  ])('%s', (_, wanted, id) => {
    expect(findRemote(twoRemotes(), wanted).id).toBe(id)
  })

  test('being the only one', () => {
    const { root } = new LinuxTree().remote('remoteproc3', 'm7')
    expect(findRemote(new Tree(root), undefined).id).toBe('remoteproc3')
  })
})

test.each([
  ['that is not there', 'm33', /no remote processor "m33"; there is remoteproc0 \(4c000000.m4\), /],
  ['of which nothing is said, among several', undefined, /which remote processor is meant\?/],
])('a remote %s is refused, with those that are there', (_, wanted, message) => {
  expect(() => findRemote(twoRemotes(), wanted)).toThrow(message)
})

test('on a machine without any, the refusal says who knows more', () => {
  const { root } = new LinuxTree().folder('sys')
  expect(() => findRemote(new Tree(root), 'm4')).toThrow(/has no remote processor: openamp doctor/)
})

test('carve-outs are read as debugfs prints them', () => {
  const { root } = new LinuxTree().file(
    'sys/kernel/debug/remoteproc/remoteproc0/carveout_memories',
    'Carveout memory entry:\n\tName: vdev0buffer\n\tVirtual address: 00000000a6b3bf0c\n' +
      '\tDMA address: 0x18800000\n\tDevice address: 0x18800000\n\tLength: 0x8000 Bytes\n\n',
  )
  expect(carveouts(new Tree(root), 'remoteproc0')).toEqual([
    { name: 'vdev0buffer', da: 0x1880_0000, dma: 0x1880_0000, size: 0x8000 },
  ])
  expect(carveouts(new Tree(root), 'remoteproc1')).toBeUndefined()
})

test('a remote shows its carve-outs and its resource table, where debugfs is mounted', async () => {
  const shown = new LinuxTree().remote('remoteproc0', 'm4')
  const debug = 'sys/kernel/debug/remoteproc/remoteproc0'
  shown
    .file(
      `${debug}/carveout_memories`,
      'Carveout memory entry:\n\tName: vdev0vring0\n\tLength: 0x1000 Bytes\n',
    )
    .file(`${debug}/resource_table`, 'Entry 0 is of type vdev\n')
  const remote = await linuxRemote({ root: shown.root })
  expect(remote.carveouts).toMatchObject([{ name: 'vdev0vring0', size: 0x1000 }])
  expect(remote.resourceTable).toBe('Entry 0 is of type vdev\n')
  await remote.close()
  const { root } = new LinuxTree().remote('remoteproc0', 'm4')
  const without = await linuxRemote({ root })
  expect([without.carveouts, without.resourceTable]).toEqual([undefined, undefined])
  await without.close()
})
