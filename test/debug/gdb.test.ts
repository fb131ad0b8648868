import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { emulated } from '../../src/machines/index.js'
import { file, type GdbListener, gdbServer } from '../../src/node.js'
import { Remoteproc, type RemoteprocEvent } from '../../src/remoteproc/index.js'
import { needsTool } from '../tools.js'
import { buildWithLines, gdb } from './gdb.js'

const tool = needsTool('gdb-multiarch', 'gdb-multiarch', 10)
const folder = mkdtempSync(join(tmpdir(), 'gdb-'))
const echo = join(folder, 'echo.elf')
const crash = join(folder, 'crash.elf')
const arm = fileURLToPath(new URL('../../firmware/images/mps2-an386/echo.elf', import.meta.url))
const wide = fileURLToPath(new URL('../../firmware/images/virt-rv64/echo.elf', import.meta.url))
const armWithLines = join(folder, 'mps2-an386', 'echo.elf')
const opened: (Remoteproc | GdbListener)[] = []

beforeAll(() => {
  buildWithLines(folder, 'echo', 'crash')
  buildWithLines(join(folder, 'mps2-an386'), 'echo', 'BOARD=mps2-an386')
}, 120_000)
afterEach(async () => {
  for (const one of opened.splice(0)) await ('deinit' in one ? one.deinit() : one.close())
})
afterAll(() => rmSync(folder, { recursive: true }))

async function listen(wait: boolean): Promise<GdbListener> {
  const server = await gdbServer({ port: 0, wait })
  opened.push(server)
  return server
}

async function remote(server: GdbListener, image: string, deterministic = false) {
  const events: RemoteprocEvent[] = []
  const rproc = await Remoteproc.init({
    firmware: file(image),
    machine: emulated({ debug: server, deterministic }),
    observer: (event) => events.push(event),
  })
  opened.unshift(rproc)
  await rproc.boot()
  return { rproc, events }
}

describe.skipIf(tool === undefined)('gdb', () => {
  const ask = (image: string, { port }: GdbListener, ...commands: readonly string[]) =>
    gdb(tool ?? '', image, [`target extended-remote :${port}`, ...commands])

  test('stops at a function, steps, looks around, watches, resets, and lets go', async () => {
    const server = await listen(true)
    const { rproc, events } = await remote(server, echo)
    const text = ask(
      echo,
      server,
      ...['info registers pc', 'break main', 'continue', 'bt', 'stepi', 'x/2i $pc'],
      ...['info registers sp mstatus', 'break on_link_up', 'continue', 'finish'],
      ...['print/x channel.address', 'watch messages', 'continue', 'bt 1', 'print messages'],
      ...['set var messages = 6', 'print messages', 'delete', 'monitor reset'],
      ...['maintenance flush register-cache', 'info registers pc', 'print $_exitcode', 'detach'],
    )
    const channel = await rproc.channel('rpmsg-openamp-demo-channel', { persist: true })
    await channel.send('lost with the reset')
    const shown = await text
    expect(shown).toMatch(/^pc +0x80000000\s+0x80000000 <_start>$/m)
    expect(shown).toMatch(/^Breakpoint 1, main \(\) at echo\/echo\.c:\d+$/m)
    expect(shown).toMatch(/^#0 +main \(\) at echo\/echo\.c:\d+$/m)
    expect(shown).toMatch(/^=> 0x\w+ <main\+\d+>:/m)
    expect(shown).toMatch(/^mstatus +0x1800/m)
    expect(shown).toMatch(/^Breakpoint 2, 0x\w+ in on_link_up \(\)/m)
    expect(shown).toContain('$1 = 0x400')
    expect(shown).toMatch(/^Hardware watchpoint 3: messages\n\nOld value = 0\nNew value = 1$/m)
    expect(shown).toMatch(/^#0 .*on_message .* at echo\/echo\.c:\d+$/m)
    expect(shown).toMatch(/^\$2 = 1\n\$3 = 6$/m)
    expect(shown).toContain('the remote stands before its first instruction')
    expect(shown.match(/^pc +0x80000000/gm)).toHaveLength(2)
    expect(shown).toContain('[Inferior 1 (process 1) detached]')
    expect(events.filter(({ type }) => type === 'crashed')).toMatchObject([
      { crash: { kind: 'reset' } },
    ])
    // The remote has begun anew, and goes on without GDB.
    await channel.send('hello')
    expect((await channel.receive()).text()).toBe('hello')
  })

  test('attaches to a remote that runs, and its time stands still', async () => {
    const server = await listen(false)
    const { rproc } = await remote(server, echo)
    const channel = await rproc.channel('rpmsg-openamp-demo-channel')
    const { clock } = rproc.processor
    const text = await ask(
      echo,
      server,
      ...[
        'break on_message',
        'print $mcycle',
        'shell sleep 0.2',
        'maintenance flush register-cache',
      ],
      ...['print $mcycle', 'detach'],
    )
    const [first, second] = [...text.matchAll(/^\$\d = (\d+)$/gm)].map(([, value]) => value)
    expect(second).toBe(first)
    // With the debugger its breakpoint has gone.
    await channel.send('free')
    expect((await channel.receive({ timeout: 1000 })).text()).toBe('free')
    expect(clock.now()).toBeGreaterThan(0)
  })

  test('has several remotes as inferiors', async () => {
    const server = await listen(true)
    const both = [await remote(server, echo), await remote(server, crash)]
    const text = await ask(
      echo,
      server,
      ...['add-inferior', 'inferior 2', `file ${crash}`, 'attach 2', 'info registers pc'],
      ...[
        'set schedule-multiple on',
        'break on_link_up',
        'inferior 1',
        'continue',
        'info inferiors',
        'continue',
      ],
      ...['bt 1', 'detach inferiors 2', 'inferior 1', 'detach'],
    )
    expect(text).toMatch(/^[* ] 1 +process 1 .*echo\.elf/m)
    expect(text).toMatch(/^[* ] 2 +process 2 .*crash\.elf/m)
    expect(text).toMatch(/^Thread 1\.1 hit Breakpoint 1\.\d, .*on_link_up \(\) at echo\/echo\.c/m)
    expect(text).toMatch(/^Thread 2\.1 hit Breakpoint 1\.\d, .*on_link_up \(\)/m)
    expect(text).toMatch(/\[Inferior 2 \(process 2\) detached\]/)
    for (const { rproc } of both) await rproc.whenAnnounced({ timeout: 1000 })
  })

  test('sees a fault before the firmware does, and the crash after it', async () => {
    const server = await listen(true)
    const { rproc, events } = await remote(server, crash)
    const text = ask(
      crash,
      server,
      ...['continue', 'bt 2', 'x/i $pc', 'continue', 'print cause', 'continue'],
    )
    const channel = await rproc.channel('crash')
    await channel.send('illegal')
    const shown = await text
    expect(shown).toContain('received signal SIGILL, Illegal instruction')
    expect(shown).toMatch(/^#0 .*(execute_illegal_instruction|obey) .*crash\/crash\.c:\d+$/m)
    // Let go on, the firmware's handler has it, and reports the end of the remote.
    expect(shown).toContain('received signal SIGSEGV')
    expect(shown).toContain('Program terminated with signal SIGSEGV')
    const [crashed] = events.filter(({ type }) => type === 'crashed')
    expect(crashed).toMatchObject({ crash: { kind: 'fault', cause: 'illegal instruction' } })
  })

  test.each([
    ['RISC-V', echo],
    ['Cortex-M', armWithLines],
  ])('asks nobody about a condition that does not hold: %s', async (_, image) => {
    const server = await listen(true)
    const { rproc } = await remote(server, image)
    const text = ask(
      image,
      server,
      ...['break echo.c:18 if messages == 299 && *(char *) data == 120', 'continue'],
      ...['info breakpoints', 'print messages', 'delete', 'detach'],
    )
    const channel = await rproc.channel('rpmsg-openamp-demo-channel')
    for (let i = 0; i < 299; i++) {
      await channel.send('x')
      await channel.receive()
    }
    await channel.send('x')
    const shown = await text
    expect(shown).toMatch(/^Breakpoint 1, .*on_message/m)
    expect(shown).toMatch(/stop only if .* \(target evals\)\n\s+breakpoint already hit 1 time$/m)
    expect(shown).toContain('$1 = 299')
    expect((await channel.receive()).text()).toBe('x')
  })

  test('does not change the run: stopped and stepped, the same bytes at the same times', async () => {
    const plain = await remote(await listen(false), echo, true)
    await plain.rproc.whenAnnounced()
    const server = await listen(true)
    const debugged = await remote(server, echo, true)
    const text = ask(
      echo,
      server,
      ...['break on_link_up', 'continue', 'stepi 20', 'watch channel.address', 'continue'],
      ...['print channel.address', 'detach'],
    )
    await debugged.rproc.whenAnnounced()
    expect(await text).toContain('New value = 1024')
    const announced = (events: readonly RemoteprocEvent[]) =>
      events.filter(({ type }) => type === 'announced')
    expect(announced(debugged.events)).toEqual(announced(plain.events))
  })

  test('debugs Cortex-M likewise', async () => {
    const server = await listen(true)
    const { rproc } = await remote(server, arm)
    const text = ask(
      arm,
      server,
      ...[
        'info registers pc xpsr',
        'break main',
        'continue',
        'stepi',
        'info registers msp control',
      ],
      ...['break on_message', 'continue', 'watch *(int*)&messages', 'delete 2', 'continue'],
      ...['print *(int*)&messages', 'monitor reset', 'maintenance flush register-cache'],
      ...['info registers pc', 'detach'],
    )
    const channel = await rproc.channel('rpmsg-openamp-demo-channel', { persist: true })
    await channel.send('lost with the reset')
    const shown = await text
    expect(shown.match(/^pc +0x\w+ +0x\w+ <_start>$/gm)).toHaveLength(2)
    expect(shown).toMatch(/^xpsr +0x1000000/m)
    expect(shown).toMatch(/^Breakpoint 1, 0x\w+ in main \(\)$/m)
    expect(shown).toMatch(/^msp +0x\w+/m)
    expect(shown).toMatch(/^Breakpoint 2, 0x\w+ in on_message \(\)$/m)
    expect(shown).toMatch(/^Hardware watchpoint 3: .*\n\nOld value = 0\nNew value = 1$/m)
    expect(shown).toContain('$1 = 1')
    await channel.send('hello')
    expect((await channel.receive()).text()).toBe('hello')
  })

  test('debugs RV64 likewise, with registers of 64 bits', async () => {
    const server = await listen(true)
    const { rproc } = await remote(server, wide)
    const text = ask(
      wide,
      server,
      ...['show architecture', 'info registers pc misa mstatus', 'break main', 'continue', 'bt'],
      ...['stepi', 'set $a7 = 0x123456789abcdef0', 'set $mscratch = 0xfedcba9876543210', 'stepi'],
      ...[
        'maintenance flush register-cache',
        'print/x $a7',
        'print/x $mscratch',
        'print sizeof($sp)',
      ],
      // The return address is stored with SD; of its eight bytes the fifth is watched.
      ...['delete', 'break *on_message', 'continue', 'awatch -l *(char*)($sp - 4)', 'delete 2'],
      ...['continue', 'x/i $pc', 'delete', 'monitor disassemble 1', 'monitor reset'],
      ...['maintenance flush register-cache', 'info registers pc', 'detach'],
    )
    const channel = await rproc.channel('rpmsg-openamp-demo-channel', { persist: true })
    await channel.send('lost with the reset')
    const shown = await text
    expect(shown).toContain('(currently "riscv:rv64")')
    expect(shown.match(/^pc +0x80000000\s+0x80000000 <_start>$/gm)).toHaveLength(2)
    expect(shown).toMatch(/^misa +0x8000000000101105/m)
    expect(shown).toMatch(/^mstatus +0x200001800/m)
    expect(shown).toMatch(/^Breakpoint 1, 0x00000000800\w+ in main \(\)$/m)
    expect(shown).toContain('$1 = 0x123456789abcdef0\n$2 = 0xfedcba9876543210\n$3 = 8')
    expect(shown).toMatch(/^Hardware access \(read\/write\) watchpoint 3: /m)
    expect(shown).toMatch(/^=> 0x\w+ <on_message\+\d+>:\s+s?d/m)
    expect(shown).toMatch(/^800\w{5} {2}\w+/m)
    await channel.send('hello')
    expect((await channel.receive()).text()).toBe('hello')
  })

  test('reads and writes what devices have, and is told where there is nothing', async () => {
    const server = await listen(true)
    await remote(server, echo)
    const text = await ask(
      echo,
      server,
      ...[
        'x/1xw 0x02004000',
        'set {int}0x02004000 = 0x1234',
        'x/1xw 0x02004000',
        'x/1xw 0x40000000',
      ],
      ...['set $a0 = 0x12345678', 'print/x $a0', 'set {char}0x80000000 = 0', 'x/1xb 0x80000000'],
      ...['monitor help', 'monitor halt', 'monitor nonsense', 'kill'],
    )
    expect(text).toMatch(/^0x2004000:\s+0xffffffff\n0x2004000:\s+0x00001234$/m)
    expect(text).toContain('Cannot access memory at address 0x40000000')
    expect(text).toContain('$1 = 0x12345678')
    expect(text).toMatch(/^0x80000000 <_start>:\s+0x00$/m)
    expect(text).toContain('monitor reset')
    expect(text).toMatch(/^the remote stands$/m)
    expect(text).toContain('there is no monitor command of that name')
  })
})
