import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { initRemote } from './support.js'

const run = promisify(execFile)
const program = (name: string): string =>
  fileURLToPath(new URL(`./programs/${name}`, import.meta.url))

test('a program ends by itself after deinit, and 20 lives leave nothing behind', async () => {
  const { stdout } = await run(process.execPath, [program('twenty-lives.js')])
  const { before, after } = JSON.parse(stdout)
  expect(after).toEqual(before)
})

test('a remote that was never booted does not keep the program', async () => {
  await run(process.execPath, [program('init-only.js')])
})

test('a remote that is up keeps the program until it has gone by itself', async () => {
  const { stdout } = await run(process.execPath, [program('until-exit.js')])
  expect(stdout).toBe('exited\n')
})

test('works from code that was given on the command line', async () => {
  const image = fileURLToPath(new URL('../../firmware/images/echo.elf', import.meta.url))
  const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href)
  const code = `
    import { Remoteproc } from ${url('../../dist/index.js')}
    import { emulated } from ${url('../../dist/machines/index.js')}
    import { file } from ${url('../../dist/node.js')}
    const firmware = file(${JSON.stringify(image)})
    const remote = await Remoteproc.init({ firmware, machine: emulated({ worker: true }) })
    await remote.boot()
    await remote.deinit()`
  await run(process.execPath, ['--input-type=module', '--eval', code])
})

const echo = program('thread-echo.js')

test.each([
  ['flags of the engine', ['--max-old-space-size=500', '--expose-gc', echo]],
  ['a loader of its own', ['--import', 'data:text/javascript,', echo]],
  [
    'code on the command line',
    ['--expose-gc', '--input-type=module', '--eval', `import ${JSON.stringify(echo)}`],
  ],
])('a remote in a thread works in a program that was started with %s', async (_, args) => {
  expect((await run(process.execPath, args)).stdout).toBe('hello\n')
})

test('a remote with a tick sleeps in between', async () => {
  await using remote = await initRemote('ticker')
  await remote.boot()
  const channel = await remote.channel('ticker')
  await channel.receive()
  const cpu = process.cpuUsage()
  const start = performance.now()
  // Ten messages are a thousand ticks.
  for (let i = 0; i < 10; i++) await channel.receive()
  const { user, system } = process.cpuUsage(cpu)
  const wall = performance.now() - start
  expect((user + system) / 1000).toBeLessThan(wall / 2)
})
