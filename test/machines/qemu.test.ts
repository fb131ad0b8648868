import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { buildElf } from '../../src/firmware/build-elf.js'
import { memory } from '../../src/firmware/index.js'
import { emulated } from '../../src/machines/index.js'
import { qemu, qemuMachines } from '../../src/machines/qemu/index.js'
import { type Machine, Remoteproc, type RemoteprocEvent } from '../../src/remoteproc/index.js'
import { addi, ebreak, jal, li, lui, Program, sb, sw, typeI } from '../cores/assembler.js'
import { qemusOf } from '../support/qemu-processes.js'
import { needsTool } from '../tools.js'

const CHANNEL = 'rpmsg-openamp-demo-channel'

const image = (name: string): Uint8Array =>
  readFileSync(new URL(`../../firmware/images/${name}.elf`, import.meta.url))

async function host(machine: Machine, firmware: Uint8Array, withTable = true) {
  const events: RemoteprocEvent[] = []
  const rproc = await Remoteproc.init({
    firmware: memory(firmware, 'image'),
    machine,
    observer: (event) => events.push(event),
    ...(withTable ? {} : { resourceTable: 'none' }),
  })
  onTestFinished(() => rproc.deinit())
  return { rproc, events }
}

/** What a remote says, from its boot to its halt, to a host that says always the same. */
async function conversation(machine: Machine, firmware: Uint8Array) {
  const { rproc, events } = await host(machine, firmware)
  const answers: string[] = []
  await rproc.boot()
  const channel = await rproc.channel(CHANNEL)
  for (const text of ['hello', 'x'.repeat(496), '', 'ende']) {
    await channel.send(text)
    answers.push((await channel.receive()).text())
  }
  await Promise.all(Array.from({ length: 200 }, (_, i) => channel.send(`many ${i}`)))
  for (let i = 0; i < 200; i++) answers.push((await channel.receive()).text())
  // QEMU may have to wait for its turn on a busy machine.
  await rproc.shutdown({ deadline: 20_000 })
  const traces = events.map((event) => (event.type === 'trace' ? event.text : '')).join('')
  const stopped = events.find((event) => event.type === 'stopped')
  const [announced] = rproc.announcements
  return { answers, traces, announced, stopped: stopped?.reason }
}

const families = [
  { machine: 'virt', program: 'qemu-system-riscv32', deb: 'qemu-system-misc', board: 'virt-rv32' },
  {
    machine: 'mps2-an386',
    program: 'qemu-system-arm',
    deb: 'qemu-system-arm',
    board: 'mps2-an386',
  },
  // A Cortex-R5, of which there is no emulated board.
  {
    machine: 'xlnx-zcu102',
    program: 'qemu-system-aarch64',
    deb: 'qemu-system-arm',
    board: 'mps2-an386',
  },
] as const

describe.each(families)('on QEMU’s $machine', ({ machine, program, deb, board }) => {
  const there = needsTool(program, deb, 4) !== undefined
  const here = board === 'virt-rv32' ? '' : `${board}/`

  test.runIf(there)('a host hears what the emulated board says', async () => {
    const said = await conversation(qemu({ machine }), image(`qemu-${machine}/echo`))
    expect(said).toEqual(await conversation(emulated({ board }), image(`${here}echo`)))
    expect(said.answers).toHaveLength(204)
    expect(said.stopped).toBe('acknowledged')
  })

  test.runIf(there)('a remote is stopped and booted again, three times', async () => {
    const { rproc } = await host(qemu({ machine }), image(`qemu-${machine}/echo`))
    for (let life = 1; life <= 3; life++) {
      await rproc.boot()
      const channel = await rproc.channel(CHANNEL)
      await channel.send(`life ${life}`)
      expect((await channel.receive()).text()).toBe(`life ${life}`)
      expect(qemusOf(process.pid)).toHaveLength(1)
      await rproc.shutdown()
      expect(qemusOf(process.pid)).toEqual([])
    }
  })

  test.runIf(there)('a crash of the firmware has the code that it has here', async () => {
    const crashOn = async (on: Machine, firmware: Uint8Array) => {
      const { rproc, events } = await host(on, firmware)
      await rproc.boot()
      const channel = await rproc.channel('crash')
      await channel.send('fail 7')
      await rproc.whenStopped().catch(() => {})
      const crashed = events.find((event) => event.type === 'crashed')
      return /with code \d+/.exec(crashed?.reason ?? '')?.[0]
    }
    expect(await crashOn(qemu({ machine }), image(`qemu-${machine}/crash`))).toBe('with code 7')
    expect(await crashOn(emulated({ board }), image(`${here}crash`))).toBe('with code 7')
  })

  test.runIf(there)('a QEMU that is killed is a crash, and nothing of it stays', async () => {
    const { rproc } = await host(qemu({ machine }), image(`qemu-${machine}/echo`))
    const before = readdirSync('/proc/self/fd').length
    await rproc.boot()
    await rproc.channel(CHANNEL)
    const [pid = 0] = qemusOf(process.pid)
    process.kill(pid, 'SIGKILL')
    await expect(rproc.whenStopped()).rejects.toThrow(/process \d+\) was killed by SIGKILL/)
    expect(rproc.state).toBe('crashed')
    await rproc.deinit()
    expect(qemusOf(process.pid)).toEqual([])
    // The descriptor of the memory is closed as well.
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(before)
  })
})

const riscv = needsTool('qemu-system-riscv32', 'qemu-system-misc', 3) !== undefined

test.runIf(riscv)('text on the UART is the console, and the finisher the end', async () => {
  const program = new Program(0x8000_0000).emit(lui(5, 0x1000_0000))
  for (const letter of 'hi\n') {
    program.emit(addi(6, 0, letter.charCodeAt(0)), sb(6, 5, 0))
  }
  program.emit(lui(5, 0x0010_0000), ...li(6, 0x5555), sw(6, 5, 0), jal(0, 0))
  const elf = buildElf({
    entry: 0x8000_0000,
    segments: [{ vaddr: 0x8000_0000, data: program.bytes() }],
  })
  const { rproc, events } = await host(qemu({ machine: 'virt' }), elf, false)
  await rproc.boot()
  await rproc.whenStopped()
  const text = events.map((event) => (event.type === 'console' ? event.text : '')).join('')
  expect(text).toBe('hi\n')
  expect(events.at(-1)).toMatchObject({ type: 'stopped', reason: 'exited' })
})

test.runIf(riscv)('a remote does not reach the files of the host by semihosting', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'openamp-qemu-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'made')
  const SYS_OPEN = 1
  const MODE_W = 4
  const block = 0x8000_1000
  const program = new Program(0x8000_0000)
    .emit(...li(10, SYS_OPEN), ...li(11, block))
    .emit(typeI(0x13, 1, 0, 0, 0x1f), ebreak, typeI(0x13, 5, 0, 0, 0x407))
    .emit(lui(5, 0x0010_0000), ...li(6, 0x5555), sw(6, 5, 0), jal(0, 0))
  const name = new TextEncoder().encode(`${path}\0`)
  const words = new Uint8Array(Uint32Array.of(block + 12, MODE_W, path.length).buffer)
  const elf = buildElf({
    entry: 0x8000_0000,
    segments: [
      { vaddr: 0x8000_0000, data: program.bytes() },
      { vaddr: block, data: Uint8Array.of(...words, ...name) },
    ],
  })
  const { rproc, events } = await host(qemu({ machine: 'virt' }), elf, false)
  await rproc.boot()
  await rproc.whenStopped()
  expect(events.at(-1)).toMatchObject({ type: 'stopped', reason: 'exited' })
  expect(existsSync(path)).toBe(false)
})

test.runIf(riscv)('what QEMU cannot do is said in its own words', async () => {
  const { rproc } = await host(
    qemu({ machine: 'virt', args: ['-cpu', 'z80'] }),
    image('qemu-virt/echo'),
  )
  await rproc.boot()
  await expect(rproc.whenStopped()).rejects.toThrow(/exited with code 1: .*z80/)
})

test('a core that has to be powered on needs room for the program that does it', () => {
  const machine = { ...qemuMachines['xlnx-zcu102'], ram: { da: 0, size: 2 ** 26 } }
  expect(() => qemu({ machine })).toThrow(/0 bytes reserved, expected 40/)
})

test('machines, programs and memory that are not there are refused', async () => {
  const machine = qemu({ machine: 'virt', program: 'qemu-of-nobody' })
  await expect(host(machine, image('qemu-virt/echo'))).rejects.toThrow(
    /qemu-of-nobody was not found/,
  )
  const shared = { da: 0x9000_0000, size: 0x1000 }
  expect(() => qemu({ machine: 'virt', shared })).toThrow(/expected within the RAM, 0x80000000 to/)
})
