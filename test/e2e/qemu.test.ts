import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { isQemu, qemusOf } from '../support/qemu-processes.js'
import { needsTool } from '../tools.js'
import { image, start } from './command.js'

const there = needsTool('qemu-system-riscv32', 'qemu-system-misc', 2) !== undefined

test.runIf(there)('QEMU ends when its host is killed', async () => {
  const path = fileURLToPath(new URL('processes/qemu-host.js', import.meta.url))
  const child = spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const [qemu = 0] = qemusOf(child.pid ?? 0)
  expect(isQemu(qemu)).toBe(true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  await expect.poll(() => isQemu(qemu), { timeout: 20_000 }).toBe(false)
})

test.runIf(there)('openamp run talks to a remote on QEMU', async () => {
  const channel = 'rpmsg-openamp-demo-channel'
  const args = ['run', image('qemu-virt/echo'), '--machine', 'qemu:virt', '--attach', channel]
  const { child, outcome } = start(args)
  child.stdin?.end('hello\n')
  const { code, stdout } = await outcome
  expect(stdout).toContain('hello')
  expect(code).toBe(0)
})

test('openamp run refuses machines of QEMU’s that it does not know, and options of boards', async () => {
  const run = async (...args: string[]) => (await start(['run', ...args]).outcome).stderr
  const firmware = image('qemu-virt/echo')
  expect(await run(firmware, '--machine', 'qemu:virtual')).toMatch(
    /no machine "virtual"; there are/,
  )
  expect(await run(firmware, '--machine', 'qemu:virt', '--worker')).toMatch(
    /--worker is for emulated boards/,
  )
})
