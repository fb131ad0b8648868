import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const place = mkdtempSync(join(tmpdir(), 'openamp-installed-'))

function run(command: string, args: readonly string[], cwd = place): string {
  return execFileSync(command, [...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

beforeAll(() => {
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', place], root)
  const [tarball = ''] = readdirSync(place).filter((name) => name.endsWith('.tgz'))
  writeFileSync(join(place, 'package.json'), '{ "type": "module", "private": true }')
  // As on a platform for which the optional dependency is not built.
  const options = ['--no-audit', '--no-fund', '--omit=optional']
  run('npm', ['install', ...options, join(place, tarball)])
})

afterAll(() => rmSync(place, { recursive: true, force: true }))

test('it brings no other package with it', () => {
  expect(readdirSync(join(place, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
    'openamp',
  ])
})

test('what needs the optional dependency says so', () => {
  writeFileSync(
    join(place, 'serve.js'),
    `import { serveVhostUser } from 'openamp/vhost-user'
     await serveVhostUser({ socket: 'x.sock', remote() {} })
       .catch((error) => console.log(error.code, error.message))`,
  )
  expect(run('node', ['serve.js'])).toBe(
    'ERR_SYSTEM vhost-user needs the optional package koffi: npm install koffi\n',
  )
})

test('the command runs an image that comes with the package', () => {
  const image = 'node_modules/openamp/firmware/images/echo.elf'
  const events = run('npx', ['openamp', 'run', image, '--json'])
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
  expect(events).toContainEqual(
    expect.objectContaining({ event: 'announced', name: 'rpmsg-openamp-demo-channel' }),
  )
  expect(events.at(-1)).toMatchObject({ event: 'stopped', reason: 'acknowledged' })
})

test('the command says its version', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect(run('npx', ['openamp', '--version']).trim()).toBe(version)
})

test.each([false, true])('a program boots an image, in a worker: %s', (worker) => {
  writeFileSync(
    join(place, 'program.js'),
    `import { Remoteproc } from 'openamp'
     import { emulated } from 'openamp/machines'
     import { file } from 'openamp/node'
     const rproc = await Remoteproc.init({
       firmware: file('node_modules/openamp/firmware/images/echo.elf'),
       machine: emulated({ worker: ${worker} }),
     })
     await rproc.boot()
     const channel = await rproc.channel('rpmsg-openamp-demo-channel')
     await channel.send('hello')
     console.log((await channel.receive()).text())
     await rproc.deinit()`,
  )
  expect(run('node', ['program.js'])).toBe('hello\n')
})

test('a strict TypeScript program compiles against every export', () => {
  writeFileSync(
    join(place, 'program.ts'),
    `import { Remoteproc, type Channel, OpenampError } from 'openamp'
     import { readElf, type FirmwareImage } from 'openamp/firmware'
     import { emulated } from 'openamp/machines'
     import { file, folder } from 'openamp/node'
     import { ProxyServer, type ProxyEnd } from 'openamp/proxy'
     import { resourceInit } from 'openamp/remote'
     import { inProcess } from 'openamp/testing'
     import { linux } from 'openamp/linux'
     import { qemu } from 'openamp/qemu'
     import { process } from 'openamp/process'
     import { serveVhostUser, type VhostUserServer } from 'openamp/vhost-user'
     export async function main(bytes: Uint8Array): Promise<string> {
       await using rproc = await Remoteproc.init({ firmware: file('x.elf'), machine: emulated() })
       await rproc.boot()
       const channel: Channel = await rproc.channel('a', { timeout: 1000 })
       for await (const message of channel) return message.text()
       const image: FirmwareImage = readElf(bytes)
       throw new OpenampError('ERR_USAGE', image.name + String([resourceInit, inProcess, linux, qemu, process]))
     }
     export async function proxy(channel: Channel): Promise<ProxyEnd> {
       return ProxyServer.serve(channel, { files: await folder('x') }).whenEnded()
     }
     export async function serve(): Promise<VhostUserServer> {
       return serveVhostUser({ socket: 'x', remote: (rpmsg) => void rpmsg.announce('a') })
     }`,
  )
  const options = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'nodenext']
  const lib = ['--lib', 'es2024,esnext.disposable', '--types', 'node', '--typeRoots']
  const types = join(root, 'node_modules/@types')
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  expect(run('node', [tsc, ...options, ...lib, types, 'program.ts'])).toBe('')
})

test('a checkout runs its own command with npx', () => {
  const output = run('npx', ['openamp', 'inspect', 'firmware/images/echo.elf'], root)
  expect(output).toContain('nothing wrong found')
})
