import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EM_RISCV, readElf } from '../../dist/firmware/index.js'
import { emulated } from '../../dist/machines/index.js'
import { conversations } from './guest/conversations.js'
import { OurHost } from './guest/our-host.js'
import { board, boot, folder, type Guest, images, linux, program } from './guest-run.js'

/** Boots the kernel with the emulated board as its remote processor, and runs a part of the program. */
function bootBoard(part: string): Promise<Guest> {
  return boot({
    commands: [...board, program('remoteproc', part)],
    parameters: [`firmware_class.path=${images}`],
  })
}

const trouble = /BUG:|WARNING:|Oops/

describe.skipIf(linux === undefined)('the kernel as host of the emulated board', () => {
  test('boots an image, talks to it, stops it, and refuses what it refuses', async () => {
    const { said, output } = await bootBoard('life')
    expect(output).not.toMatch(trouble)
    expect(said).toEqual({
      'state at first': 'offline',
      'stop while offline': 'EINVAL',
      'start without firmware': 'ENOENT',
      'state after start': 'running',
      // Starts are counted: it takes as many stops.
      'start twice': 'ok',
      'firmware while running': 'EBUSY',
      'a word that is none': 'EINVAL',
      echo: 'hello',
      '497 bytes': 'EMSGSIZE',
      'second open': 'EBUSY',
      'resource table': expect.stringMatching(/carveout[\s\S]*vdev0buffer[\s\S]*Status 0x7\n/),
      'carve-outs': expect.stringMatching(/vdev0buffer[\s\S]*vdev0vring0[\s\S]*vdev0vring1/),
      'state after as many stops as starts but one': 'running',
      'state after stop': 'offline',
      'write after stop': 'EPIPE',
      'channels after stop': [],
      'stop twice': 'EINVAL',
      done: true,
    })
  })

  test('starts and stops it 100 times, with a message in each life', async () => {
    const { said, output } = await bootBoard('cycles 100')
    expect(said).toEqual({ lives: 100, done: true })
    expect(output).not.toMatch(trouble)
  })

  test('sees it crash, writes a coredump, and recovers it; by hand where recovery is off', async () => {
    const cores = join(folder, 'crash')
    const { said, output } = await bootBoard(`crashes ${cores}`)
    expect(said).toEqual({
      'after illegal': 'back',
      'after load': 'back',
      'after fail': 'back',
      'firmware while crashed': 'EBUSY',
      'start while crashed': 'ok',
      'after recovery by hand': 'back',
      'after it has powered itself off': ['running', ['crash']],
      done: true,
    })
    expect(output.match(/board: crashed: /g)).toHaveLength(4)
    expect(output).not.toMatch(trouble)
    const image = readElf(readFileSync(join(images, 'crash.elf')), 'crash.elf')
    for (const command of ['illegal', 'load', 'fail']) {
      const core = readElf(readFileSync(`${cores}.${command}.core`), 'core')
      expect(core.machine).toBe(EM_RISCV)
      expect(core.loadable.map(({ paddr, memsz }) => [paddr, memsz])).toEqual(
        image.loadable.map(({ paddr, memsz }) => [paddr, memsz]),
      )
      // The code is what was loaded.
      expect(core.loadable[0]?.data).toEqual(image.loadable[0]?.data)
    }
  })

  test('converses with every image as our own host does', async () => {
    const { said, output } = await bootBoard('images')
    expect(output).not.toMatch(trouble)
    const ours: Record<string, unknown> = {}
    for (const [image, conversation] of Object.entries(conversations)) {
      const host = await OurHost.boot(images, image, emulated({ deterministic: true }))
      ours[image] = await conversation(host)
      await host.end()
    }
    expect(said).toEqual({ ...ours, done: true })
    expect(ours['echo']).toBe(497)
  })
})
