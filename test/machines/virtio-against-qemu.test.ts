import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { emulated, virtioConsole, virtioEntropy } from '../../src/machines/index.js'
import { Remoteproc } from '../../src/remoteproc/index.js'
import { needsTool } from '../tools.js'

const image = fileURLToPath(new URL('../../firmware/images/virtio-console.elf', import.meta.url))
const versions = [2, 1] as const

/** What is typed; QEMU's console has no size, so that command is left out. */
const lines = ['hello', 'entropy 16', 'entropy 33', 'x'.repeat(200), 'rpmsg nobody', 'off']
const typed = lines.map((line) => `${line}\n`).join('')

async function onBoard(version: 1 | 2): Promise<string> {
  let text = ''
  const console = virtioConsole({
    received: (bytes) => {
      text += new TextDecoder().decode(bytes)
    },
  })
  const virtio = [console, virtioEntropy()]
  const machine = emulated({ deterministic: true, virtio, virtioVersion: version })
  const rproc = await Remoteproc.init({ firmware: readFileSync(image), machine })
  try {
    await rproc.boot()
    console.write(typed)
    await rproc.whenStopped()
  } finally {
    await rproc.deinit()
  }
  return text
}

async function onQemu(qemu: string, version: 1 | 2): Promise<string> {
  const child = spawn(
    qemu,
    [
      ...['-M', 'virt', '-bios', 'none', '-kernel', image, '-nodefaults', '-display', 'none'],
      ...['-serial', 'none', '-monitor', 'none'],
      ...['-global', `virtio-mmio.force-legacy=${version === 1}`],
      ...['-device', 'virtio-serial-device', '-chardev', 'stdio,id=console,signal=off'],
      ...['-device', 'virtconsole,chardev=console'],
      ...['-object', 'rng-random,filename=/dev/urandom,id=source'],
      ...['-device', 'virtio-rng-device,rng=source'],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'], timeout: 50_000 },
  )
  let text = ''
  let errors = ''
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString()
  })
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString()
  })
  child.stdin.write(typed)
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) throw new Error(`QEMU ended with ${code}: ${errors}`)
  return text
}

/** Random bytes are as many, and no more alike. */
const masked = (text: string): string =>
  text.replace(/entropy: ([0-9a-f]{2}){16}\n/, 'entropy: 16 bytes\n')

const qemu = needsTool('qemu-system-riscv32', 'qemu-system-misc', versions.length)

describe.skipIf(qemu === undefined)('an image that drives virtio-mmio', () => {
  test.each(versions)('says on QEMU what it says here, version %i', async (version) => {
    const here = masked(await onBoard(version))
    expect(here).toContain('entropy: 16 bytes\n')
    expect(masked(await onQemu(qemu ?? '', version))).toBe(here)
  })
})
