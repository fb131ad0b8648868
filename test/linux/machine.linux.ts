import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { EM_RISCV, readElf } from '../../dist/firmware/index.js'
import { Remoteproc } from '../../dist/index.js'
import { emulated } from '../../dist/machines/index.js'
import { coredumpFile, file } from '../../dist/node.js'
import { blocksOf, pattern } from '../docs/blocks.js'
import { conversations } from './guest/conversations.js'
import { OurHost } from './guest/our-host.js'
import { board, boot, folder, type Guest, images, linux, program } from './guest-run.js'

/** Boots the kernel with the emulated board as its remote processor, and runs parts of the program. */
function bootBoard(parts: string, parameters: readonly string[] = []): Promise<Guest> {
  return boot({
    // What a program lays down for the kernel must lie where the guest can write.
    commands: [...board, `TMPDIR=${folder} ${program('machine', parts, images, folder)}`],
    parameters,
  })
}

const trouble = /BUG:|WARNING:|Oops/
const begun = ['loaded', 'booted', 'announced']

describe.skipIf(linux === undefined)('a program whose remote has the kernel as its host', () => {
  test('boots it, talks to it, shuts it down, and is told when others do', async () => {
    const { said, output } = await bootBoard('life')
    expect(output).not.toMatch(trouble)
    expect(said).toEqual({
      'state at first': 'ready',
      'state after boot': ['running', 'running'],
      echoes: 497,
      '497 bytes': 'ERR_MESSAGE_SIZE',
      'a second boot': 'ERR_STATE',
      'the same channel again': 'ERR_STATE',
      'an image while it runs': 'ERR_STATE',
      'detach from what the kernel has booted': 'ERR_USAGE',
      trace: true,
      'notify ids': [0, 1],
      'a reader at the shutdown': 'ERR_STOPPED',
      'state after shutdown': ['stopped', 'offline'],
      'in the next life': 'again',
      'a reader when others stop it': 'ERR_STOPPED',
      'state then': 'stopped',
      'an image that is none': 'ERR_IMAGE',
      'state after deinit': ['offline', 'offline'],
      events: [...begun, 'stopped', 'booted', 'announced', 'stopped'],
      remotes: [
        {
          id: 'remoteproc0',
          name: 'openamp-board',
          state: 'offline',
          firmware: 'echo.elf',
          recovery: 'enabled',
          coredump: 'disabled',
          aliases: [],
          channels: [],
        },
      ],
      done: true,
    })
  })

  test('has 50 endpoints without a thread for each, services, and an end with its program', async () => {
    const { said, output } = await bootBoard('channels')
    expect(output).not.toMatch(trouble)
    expect(said).toEqual({
      'devices of 50 endpoints': 50,
      'each answered': 50,
      'threads for them': 0,
      'devices after they were destroyed': 1,
      'a flood comes back in order': 2000,
      'a service of ours': [expect.any(String), expect.any(String)],
      'to send on it': 'ERR_ADDRESS',
      'after its end': ['rpmsg-openamp-demo-channel'],
      'flow control': [false, 'ERR_STATE'],
      'to somebody else': 'ERR_ADDRESS',
      'a second program': 'ERR_STATE',
      'while its program lives': 'running',
      'after its program was killed': 'offline',
      done: true,
    })
  })

  test('attaches to one that runs, detaches, and attaches again on the same handle', async () => {
    const { said, output } = await bootBoard('attach', [`firmware_class.path=${images}`])
    expect(output).not.toMatch(trouble)
    expect(said).toEqual({
      'state at first': ['detached', 'detached'],
      'a boot': 'ERR_STATE',
      'state when attached': ['running', 'attached'],
      'an echo': 'attached',
      'state when detached': ['detached', 'detached'],
      'an echo on the same handle': 'again',
      'state after shutdown': ['stopped', 'offline'],
      events: ['loaded', 'attached', 'announced', 'detached', 'attached', 'announced', 'stopped'],
      done: true,
    })
  })

  test('goes on over crashes that the kernel recovers it from, and has the coredump', async () => {
    const { said, output } = await bootBoard('crashes')
    expect(output).not.toMatch(trouble)
    const crash = ['crashed', 'recovering', 'booted', 'announced']
    expect(said).toEqual({
      'before illegal': 'before',
      'after illegal': 'after',
      'before load': 'before',
      'after load': 'after',
      'before fail': 'before',
      'after fail': 'after',
      events: [...begun, ...crash, ...crash, ...crash],
      coredumps: 3,
      'policies after deinit': ['enabled', 'disabled'],
      'a reader at a crash': 'ERR_CRASHED',
      'state then': ['crashed', 'crashed'],
      'after its shutdown': ['stopped', 'offline'],
      'in the next life': 'back',
      'policy with bounds': 'disabled',
      'after a crash within the bounds': 'once more',
      'a reader at the last crash': 'ERR_CRASHED',
      'state after the last attempt': ['crashed', 'crashed'],
      // Inline: the dump is written before the next life begins.
      'events with bounds': [
        ...[...begun, 'crashed', 'recovering', 'coredump', 'booted', 'announced'],
        'crashed',
      ],
      'after a heartbeat was missing': 'alive',
      done: true,
    })
    // The last of them: "fail".
    const kernels = readElf(readFileSync(join(folder, 'through-openamp.core')), 'kernel')
    const ours = readElf(await ourCoredump(), 'ours')
    for (const core of [kernels, ours]) {
      expect([core.type, core.machine, core.bits]).toEqual([4, EM_RISCV, 32])
    }
    expect(kernels.entry).toBe(ours.entry)
    const image = readElf(readFileSync(join(images, 'crash.elf')), 'crash.elf')
    // The kernel's has the loaded segments, ours all memory: the code is the same in both.
    expect(kernels.loadable.map(({ paddr }) => paddr)).toEqual(
      image.loadable.map(({ paddr }) => paddr),
    )
    const [code] = kernels.loadable
    const ram = ours.loadable.find(({ paddr }) => paddr <= (code?.paddr ?? 0))
    const at = (code?.paddr ?? 0) - (ram?.paddr ?? 0)
    expect(ram?.data.subarray(at, at + (code?.data.length ?? 0))).toEqual(code?.data)
    // Ours has the registers, in a note (PT_NOTE); the kernel's has none.
    const notes = (core: typeof ours): number =>
      core.segments.filter(({ type }) => type === 4).length
    expect([notes(kernels), notes(ours)]).toEqual([0, 1])
  })

  test('converses with every image as with the emulated board, by the same program', async () => {
    const { said, output } = await bootBoard('converse')
    expect(output).not.toMatch(trouble)
    const expected: Record<string, unknown> = {}
    for (const [image, conversation] of Object.entries(conversations)) {
      const host = await OurHost.boot(images, image, emulated({ deterministic: true }))
      expected[image] = await conversation(host)
      await host.end()
    }
    expect(said).toEqual({ ...expected, done: true })
  })

  test('works without koffi as far as no ioctl is needed, and for users whom udev lets', async () => {
    chmodSync(folder, 0o755)
    mkdirSync(join(folder, 'openamp'), { mode: 0o777 })
    chmodSync(join(folder, 'openamp'), 0o777)
    // May read everything, as the checkout may be in a home; nothing else.
    const rights = '--inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search'
    const asUser = `setpriv --reuid=65534 --regid=65534 --clear-groups ${rights}`
    const remote = '/sys/class/remoteproc/remoteproc0'
    const without = fileURLToPath(new URL('./built/without-koffi.js', import.meta.url))
    const { said, output } = await boot({
      commands: [
        ...board,
        `NODE_OPTIONS="--import ${without}" ${program('machine', 'bare', images, folder)}`,
        `${asUser} ${program('machine', 'stranger', images, folder)} | sed 's/"an echo"/"x"/'`,
        // What udev does by the rules.
        `(cd ${remote} && chmod a+w state firmware recovery coredump)`,
        // Before whatever else has something to do: a program waits three seconds for it, and no longer.
        "nice -n -15 bash -c 'while :; do chmod a+rw /dev/rpmsg*; sleep 0.05; done' 2>/dev/null & udev=$!",
        `${asUser} ${program('machine', 'user', images, folder)} | sed 's/"an echo"/"an echo, by a user"/; s/"state after/"user: state after/'`,
        'kill $udev',
      ],
      parameters: [`firmware_class.path=${folder}`],
    })
    expect(output).not.toMatch(trouble)
    expect(said).toEqual({
      'an echo': 'without koffi',
      'an endpoint through rpmsg_ctrl': expect.stringMatching(/koffi: npm install koffi/),
      'after a crash': 'back',
      events: [
        ...[
          'loaded',
          'note: there are no uevents without the package koffi: changes are looked for every 250 ms',
        ],
        ...['booted', 'announced', 'crashed', 'recovering', 'booted', 'announced', 'stopped'],
      ],
      'a stranger': expect.stringMatching(/recovery: "disabled": .*openamp linux udev \(EACCES\)/),
      root: false,
      'an echo, by a user': 'by a user',
      traces: 0,
      'user: state after deinit': 'offline',
      done: true,
    })
  })

  test('docs/linux.md shows what the commands print', async () => {
    const page = readFileSync(new URL('../../docs/linux.md', import.meta.url), 'utf8')
    const blocks = blocksOf(page).filter(({ language }) => language === 'linux')
    const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
    const command = ({ text }: { text: string }): string =>
      (text.split('\n')[0] ?? '').replace(/^\$ /, '')
    const { output } = await boot({
      commands: [
        ...board,
        `openamp() { ${process.execPath} ${main} "$@"; }; export NO_COLOR=1; cd ${images}`,
        ...blocks.map((block, i) => `echo "@@ ${i}"; { ${command(block)}; } 2>&1`),
        'echo "@@ end"',
      ],
      parameters: [`firmware_class.path=${folder}`, 'quiet'],
    })
    const printed = output
      .replaceAll('\r', '')
      .split(/^@@ .*\n/m)
      .slice(1)
      // The kernel's and the board's own words go to the same terminal.
      .map((text) => text.replace(/^(\[ *\d+\.\d+\]|board:).*\n/gm, ''))
    blocks.forEach((block, i) => {
      const [, ...expected] = block.text.split('\n')
      expect(printed[i], command(block)).toMatch(pattern(expected.join('\n')))
    })
    expect(blocks.length).toBeGreaterThan(5)
  })
})

/** What our own host writes of the same crash. */
async function ourCoredump(): Promise<Uint8Array> {
  const path = join(folder, 'ours.core')
  const rproc = await Remoteproc.init({
    firmware: file(join(images, 'crash.elf')),
    machine: emulated({ deterministic: true }),
    coredump: coredumpFile(path),
  })
  await rproc.boot()
  const channel = await rproc.channel('crash')
  await channel.send('fail')
  await rproc.whenStopped().catch(() => {})
  await rproc.deinit()
  return readFileSync(path)
}
