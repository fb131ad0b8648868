import { describe, expect, test } from 'vitest'
import { LinuxTree } from '../../../test/support/linux-tree.js'
import { checkLinux } from './doctor-node.js'

const NODE = '/soc/m4@10000000'

/** A board that lacks nothing. */
function wholeBoard(): LinuxTree {
  const board = new LinuxTree()
    .remote('remoteproc0', 'm4')
    .node('m4', NODE)
    .property(NODE, 'compatible', 'st,stm32mp1-m4')
    .property(NODE, 'memory-region', [7, 8])
    .property('/reserved-memory/vdev0buffer@10042000', 'phandle', [7])
    .property('/reserved-memory/vdev0vring0@10040000', 'phandle', [8])
    .file('lib/firmware/m4.elf', '')
    .folder('sys/kernel/debug/remoteproc/remoteproc0')
    .file('dev/remoteproc0', '')
  for (const driver of ['rpmsg_chrdev', 'rpmsg_ctrl', 'rpmsg_tty']) {
    board.folder(`sys/bus/rpmsg/drivers/${driver}`)
  }
  return board
}

test('on a board that lacks nothing all is well', async () => {
  const checks = await checkLinux({ root: wholeBoard().root })
  expect(checks.filter(({ state }) => state !== 'ok')).toEqual([])
  expect(checks.length).toBeGreaterThan(8)
})

const cases: readonly [string, (board: LinuxTree) => unknown, string, string, RegExp, RegExp][] = [
  [
    'a kernel without remoteproc',
    (board) => board.remove('sys/class/remoteproc'),
    ...(['remote processors', 'missing', /no remoteproc/, /CONFIG_REMOTEPROC/] as const),
  ],
  [
    'a processor that the device tree disables',
    (board) =>
      board.remove('sys/class/remoteproc/remoteproc0').property(NODE, 'status', 'disabled'),
    ...(['remote processors', 'missing', /m4@10000000 is disabled/, /status = "okay"/] as const),
  ],
  [
    'a processor without a driver',
    (board) => board.remove('sys/class/remoteproc/remoteproc0'),
    ...(['remote processors', 'missing', /no driver has .*st,stm32mp1-m4/, /modprobe/] as const),
  ],
  [
    'a device tree without any processor',
    (board) =>
      board
        .remove('sys/class/remoteproc/remoteproc0')
        .remove(`sys/firmware/devicetree/base${NODE}`),
    ...(['remote processors', 'missing', /names no remote processor/, /overlay/] as const),
  ],
  [
    'firmware that is not there',
    (board) => board.remove('lib/firmware/m4.elf'),
    ...(['remoteproc0: firmware', 'limited', /m4.elf is in none/, /lib\/firmware/] as const),
  ],
  [
    'a processor without reserved memory',
    (board) => board.remove(`sys/firmware/devicetree/base${NODE}/memory-region`),
    ...([
      'remoteproc0: reserved memory',
      'limited',
      /has no memory-region/,
      /vdev0buffer/,
    ] as const),
  ],
  [
    'reserved memory that is named and not there',
    (board) => board.remove('sys/firmware/devicetree/base/reserved-memory/vdev0buffer@10042000'),
    ...(['remoteproc0: reserved memory', 'missing', /names 1 nodes/, /reserved-memory/] as const),
  ],
  [
    'no folder for firmware',
    (board) => board.remove('lib/firmware'),
    ...(['firmware path', 'limited', /can be written, nor/, /\/lib\/firmware\/openamp/] as const),
  ],
  [
    'a kernel without RPMsg',
    (board) => board.remove('sys/bus/rpmsg'),
    ...(['messages', 'missing', /there are no channels/, /CONFIG_RPMSG_VIRTIO/] as const),
  ],
  [
    'a kernel without rpmsg_ctrl',
    (board) => board.remove('sys/bus/rpmsg/drivers/rpmsg_ctrl'),
    ...(['messages: rpmsg_ctrl', 'limited', /not there/, /CONFIG_RPMSG_CTRL/] as const),
  ],
  [
    'debugfs that is not mounted',
    (board) => board.remove('sys/kernel/debug/remoteproc'),
    ...(['debugfs', 'limited', /is not mounted/, /mount -t debugfs/] as const),
  ],
  [
    'a remoteproc that says nothing in debugfs',
    (board) => board.remove('sys/kernel/debug/remoteproc').folder('sys/kernel/debug/clk'),
    ...(['debugfs', 'limited', /remoteproc0: not there/, /CONFIG_DEBUG_FS/] as const),
  ],
  [
    'a kernel without rpmsg_char',
    (board) => board.remove('sys/bus/rpmsg/drivers/rpmsg_chrdev'),
    ...(['messages: rpmsg_chrdev', 'limited', /not there/, /modprobe rpmsg_char/] as const),
  ],
  [
    'a kernel without rpmsg_tty',
    (board) => board.remove('sys/bus/rpmsg/drivers/rpmsg_tty'),
    ...(['messages: rpmsg_tty', 'limited', /not there/, /CONFIG_RPMSG_TTY/] as const),
  ],
  [
    'a kernel that keeps no coredumps',
    (board) => board.file('sys/class/devcoredump/disabled', '1\n'),
    ...(['coredumps', 'limited', /disabled is 1/, /next boot/] as const),
  ],
  [
    'a kernel without the character device',
    (board) => board.remove('dev/remoteproc0'),
    ...(['stop with the program', 'limited', /outlives/, /CONFIG_REMOTEPROC_CDEV/] as const),
  ],
]

describe('it says what is missing, and how to mend it:', () => {
  test.each(cases)('%s', async (_, harm, name, state, found, mend) => {
    const board = wholeBoard()
    harm(board)
    const check = (await checkLinux({ root: board.root })).find((each) => each.name === name)
    expect(check).toMatchObject({ state })
    expect(check?.found).toMatch(found)
    expect(check?.mend).toMatch(mend)
  })
})
