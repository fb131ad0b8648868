import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { LinuxTree } from '../support/linux-tree.js'
import { openamp, root } from './command.js'

const board = (): LinuxTree =>
  new LinuxTree()
    .remote('remoteproc0', 'm4', { state: 'running' })
    .virtio('remoteproc0', 'm4')
    .channel('rpmsg-raw', 1024, 'rpmsg0')
    .remote('remoteproc1', 'dsp')

describe('openamp list', () => {
  test('shows each remote with its state, its firmware and its channels', async () => {
    const { stdout, code } = await openamp(['list', '--root', board().root])
    expect(stdout).toBe(
      'remoteproc0 (m4): running, firmware m4.elf\n' +
        '  rpmsg-raw at 1024: /dev/rpmsg0\n' +
        'remoteproc1 (dsp): offline, firmware dsp.elf\n',
    )
    expect(code).toBe(0)
  })

  test('with --json prints an object for each', async () => {
    const { stdout } = await openamp(['list', '--json', '--root', board().root])
    const remotes = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(remotes).toMatchObject([
      { id: 'remoteproc0', channels: [{ name: 'rpmsg-raw', destination: 1024 }] },
      { id: 'remoteproc1', channels: [] },
    ])
  })

  test.each([[], ['--json']])(
    'lets no name of a remote steer the terminal %s',
    async (...option) => {
      const tree = board().channel('\u009b2Jgone', 1025, 'rpmsg1')
      const { stdout } = await openamp(['list', ...option, '--root', tree.root])
      expect(stdout).toContain('2Jgone')
      expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    },
  )

  test('on a machine without any says who knows more', async () => {
    const { stderr, code } = await openamp(['list', '--root', new LinuxTree().root])
    expect(stderr).toMatch(/openamp doctor/)
    expect(code).toBe(1)
  })
})

test('openamp send prints the answer of a channel, and leaves the remote alone', async () => {
  const tree = board()
  const args = ['send', 'rpmsg-raw', 'hello', '--remote', 'm4', '--root', tree.root]
  expect(await openamp(args)).toMatchObject({ stdout: 'hello\n', code: 0 })
  const { stdout } = await openamp(['list', '--root', tree.root])
  expect(stdout).toMatch(/^remoteproc0 \(m4\): running/)
})

test.each(['--gdb', '--worker', '--board=mps2-an386', '--interpret'])(
  'openamp run --machine linux:… refuses what an emulated board alone can do: %s',
  async (option) => {
    const run = ['run', 'echo.elf', '--machine', 'linux:0', option]
    const { stderr, code } = await openamp(run)
    expect(stderr).toMatch(/does not go with --machine linux:0/)
    expect(code).toBe(2)
  },
)

test('openamp listen ends after as many messages as were asked for', async () => {
  const args = ['listen', 'rpmsg-raw', '--hello', 'hi', '--count', '1', '--hex', '--remote', '0']
  const { stdout, code } = await openamp([...args, '--root', board().root])
  expect([stdout, code]).toEqual(['6869\n', 0])
})

test.each([
  ['start', /remoteproc0 \(m4\) is running, not offline/],
  ['attach', /is running, not detached/],
  ['recover', /is running, not crashed/],
])('openamp %s of a remote in another state is refused', async (word, message) => {
  const { stderr, code } = await openamp([word, '--remote', 'm4', '--root', board().root])
  expect(stderr).toMatch(message)
  expect(code).toBe(2)
})

test('where several remotes fit, the command asks which is meant', async () => {
  const { stderr, code } = await openamp(['stop', '--root', board().root])
  expect(stderr).toMatch(/which remote processor is meant\?; there is remoteproc0 \(m4\), /)
  expect(code).toBe(2)
})

describe('openamp doctor', () => {
  test('says what is missing in words and as JSON, and ends with 1', async () => {
    const { root: folder } = new LinuxTree()
    const { stdout, code } = await openamp(['doctor', '--root', folder])
    expect(stdout).toMatch(
      /^missing {2}remote processors: .*\n {9}to mend it: a kernel with CONFIG/,
    )
    expect(stdout).toMatch(/\n\d missing, \d limited\n$/)
    expect(code).toBe(1)
    const json = await openamp(['doctor', '--json', '--root', folder])
    const [first] = json.stdout.split('\n')
    expect(JSON.parse(first ?? '')).toMatchObject({ name: 'remote processors', state: 'missing' })
  })

  const setpriv = spawnSync('setpriv', ['--version']).status === 0
  test.runIf(process.getuid?.() === 0 && setpriv)('sees that a user may not', () => {
    const tree = board().file('dev/remoteproc0', '', 0o600).folder('sys/kernel/debug')
    chmodSync(tree.root, 0o755)
    chmodSync(tree.path('sys/kernel/debug'), 0o700)
    // May read everything, and write nothing that is root's.
    const rights = ['--inh-caps=-all,+dac_read_search', '--ambient-caps=-all,+dac_read_search']
    const user = ['--reuid=65534', '--regid=65534', '--clear-groups', ...rights]
    const command = [process.execPath, `${root}/dist/cli/main.js`, 'doctor', '--root', tree.root]
    const { stdout, status } = spawnSync('setpriv', [...user, ...command], { encoding: 'utf8' })
    expect(stdout).toMatch(/missing {2}remoteproc0: permission: .*state and firmware cannot be/)
    expect(stdout).toMatch(/to mend it: be root, or let openamp linux udev say/)
    expect(stdout).toMatch(/limited {2}firmware path: none of .* can be written/)
    expect(stdout).toMatch(/limited {2}stop with the program: .*remoteproc0 cannot be opened/)
    expect(stdout).toMatch(/limited {2}debugfs: .*debug cannot be read.*\n *to mend it: be root\n/)
    expect(status).toBe(1)
  })

  test('sees that koffi is not installed, and what is lost with it', () => {
    const hooks = `export const resolve = async (name, context, next) => {
      if (name === 'koffi') throw new Error('it is not installed')
      return next(name, context)
    }`
    const module = (text: string): string => `data:text/javascript,${encodeURIComponent(text)}`
    const without = `import { register } from 'node:module'; register(${JSON.stringify(module(hooks))})`
    const command = [`${root}/dist/cli/main.js`, 'doctor', '--root', board().root]
    const run = spawnSync(process.execPath, ['--import', module(without), ...command], {
      encoding: 'utf8',
    })
    expect(run.stdout).toMatch(/limited {2}koffi: .*no endpoints through rpmsg_ctrl/)
    expect(run.stdout).toMatch(/to mend it: npm install koffi/)
  })
})

test.each([
  ['lab', /^usage: openamp linux lab/, /linux udev \[/],
  ['udev', /^usage: openamp linux udev/, /linux lab FIRM/],
])('openamp linux %s --help has its own help alone', async (name, shown, other) => {
  const { stdout } = await openamp(['linux', name, '--help'])
  expect(stdout).toMatch(shown)
  expect(stdout).not.toMatch(other)
})

describe('openamp linux udev', () => {
  test('prints rules for every kind of device, for the group that is named', async () => {
    const { stdout } = await openamp(['linux', 'udev', '--group', 'dialout'])
    const rules = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    expect(rules).toHaveLength(5)
    for (const rule of rules) expect(rule).toMatch(/GROUP="dialout"|chgrp dialout /)
  })

  test('lets the group read a dump, which the kernel gives to its owner alone', async () => {
    const { stdout } = await openamp(['linux', 'udev'])
    expect(stdout).toMatch(/SUBSYSTEM=="devcoredump".*chgrp openamp data && chmod g\+rw data/)
  })

  test('takes no group that would be more than a name', async () => {
    const { stderr, code } = await openamp(['linux', 'udev', '--group', `x"; RUN+="/bin/sh`])
    expect(stderr).toMatch(/is no name of a group/)
    expect(code).toBe(2)
  })
})
