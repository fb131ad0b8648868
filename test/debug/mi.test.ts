import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { emulated } from '../../src/machines/index.js'
import { file, type GdbListener, gdbServer } from '../../src/node.js'
import { Remoteproc } from '../../src/remoteproc/index.js'
import { needsTool } from '../tools.js'
import { buildWithLines } from './gdb.js'
import { MachineInterface } from './mi.js'

const tool = needsTool('gdb-multiarch', 'gdb-multiarch', 4)
const boards = ['virt-rv32', 'mps2-an386'] as const
const folder = mkdtempSync(join(tmpdir(), 'mi-'))
const imageOf = (board: string) => join(folder, board, 'echo.elf')

let server: GdbListener
let rproc: Remoteproc
let gdb: MachineInterface

beforeAll(() => {
  for (const board of boards) buildWithLines(join(folder, board), 'echo', `BOARD=${board}`)
}, 120_000)
afterEach(async () => {
  await gdb.close()
  await rproc.deinit()
  await server.close()
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A remote that waits for a debugger, and GDB connected to it as debug adapters do it. */
async function connected(board: string): Promise<void> {
  server = await gdbServer({ port: 0 })
  const machine = emulated({ debug: server })
  rproc = await Remoteproc.init({ firmware: file(imageOf(board)), machine })
  await rproc.boot()
  gdb = new MachineInterface(tool ?? '')
  expect(await gdb.command('-gdb-set mi-async on')).toBe('done')
  expect(await gdb.command(`-file-exec-and-symbols ${imageOf(board)}`)).toBe('done')
  const where = `localhost:${server.port}`
  expect(await gdb.command(`-target-select extended-remote ${where}`)).toBe('connected')
  expect(await gdb.stopped()).toContain('func="_start"')
}

describe.skipIf(tool === undefined).each(boards)('a development environment and %s', (board) => {
  test('stop at a line, look around, step, interrupt, set a breakpoint, and part', async () => {
    await connected(board)
    expect(await gdb.command('-break-insert echo.c:18')).toMatch(/line="18",.*original-location/)
    expect(await gdb.command('-exec-continue')).toBe('running')
    const channel = await rproc.channel('rpmsg-openamp-demo-channel')
    await channel.send('hello')
    expect(await gdb.stopped()).toMatch(/^reason="breakpoint-hit".*func="on_message".*line="18"/)

    const frames = await gdb.command('-stack-list-frames')
    expect(frames).toMatch(/level="0",[^}]*func="on_message",[^}]*file="echo\/echo.c"/)
    expect(frames).toMatch(/func="main",[^}]*line="44"/)
    const variables = await gdb.command(
      '-stack-list-variables --thread 1 --frame 0 --simple-values',
    )
    expect(variables).toContain('{name="length",arg="1",type="size_t",value="5"}')
    expect(await gdb.command('-data-list-register-names')).toContain('"sp"')
    const values = await gdb.command('-data-list-register-values x')
    expect(values).toMatch(/\{number="2",value="0x[0-9a-f]+"\}/)
    expect(await gdb.command('-var-create - * messages')).toContain('value="0",type="uint32_t"')
    expect(await gdb.command('-thread-info')).toContain(`target-id="Thread 1.1",details="${board}"`)

    expect(await gdb.command('-exec-next')).toBe('running')
    expect(await gdb.stopped()).toMatch(/^reason="end-stepping-range".*line="19"/)
    expect(await gdb.command('-var-update --all-values *')).toContain('value="1"')
    expect(await gdb.command('-exec-finish')).toBe('running')
    expect(await gdb.stopped()).toMatch(/^reason="function-finished".*rpmsg\.c/)

    expect(await gdb.command('-exec-continue')).toBe('running')
    expect((await channel.receive()).text()).toBe('hello')
    expect(await gdb.command('-exec-interrupt')).toBe('done')
    expect(await gdb.stopped()).toMatch(/^reason="signal-received",signal-name="SIGINT"/)
    expect(await gdb.command('-break-insert rpmsg_send_to')).toContain('func="rpmsg_send_to"')
    expect(await gdb.command('-break-delete 1')).toBe('done')
    expect(await gdb.command('-exec-continue')).toBe('running')
    await channel.send('again')
    expect(await gdb.stopped()).toMatch(/^reason="breakpoint-hit".*func="rpmsg_send_to"/)

    expect(await gdb.command('-target-disconnect')).toBe('done')
    expect((await channel.receive()).text()).toBe('again')
  })

  test('load the image, reset the remote, and come to the breakpoint in each life', async () => {
    await connected(board)
    expect(await gdb.command('-target-download')).toMatch(/^done,address="0x/)
    expect(await gdb.command('-break-insert on_link_up')).toContain('func="on_link_up"')
    for (let life = 0; life < 2; life++) {
      // As it is sent to every server that an adapter does not know.
      for (const line of [
        'monitor reset halt',
        'monitor halt',
        'maintenance flush register-cache',
      ]) {
        expect(await gdb.command(`-interpreter-exec console "${line}"`)).toBe('done')
      }
      expect(await gdb.command('-stack-list-frames')).toMatch(/^done,stack=\[frame=\{.*_start/)
      expect(await gdb.command('-exec-continue')).toBe('running')
      expect(await gdb.stopped()).toMatch(/^reason="breakpoint-hit".*func="on_link_up"/)
    }
    expect(await gdb.command('-target-detach')).toBe('done')
    await rproc.whenAnnounced()
  })
})
