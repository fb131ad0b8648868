import { expect, test } from 'vitest'
import { Remoteproc, type RemoteprocEvent } from '../../dist/index.js'
import { type ThreadOptions, thread } from '../../dist/machines/index.js'
import { ending } from './support.js'

const module = (name: string): URL => new URL(`./remotes/${name}.js`, import.meta.url)

const init = (
  name: string,
  options: ThreadOptions = {},
  observer: (event: RemoteprocEvent) => void = () => {},
): Promise<Remoteproc> => Remoteproc.init({ machine: thread(module(name), options), observer })

const TIMEOUT = { timeout: 20_000 }

test('a module is booted, answers, and acknowledges the shutdown', async () => {
  const events: RemoteprocEvent[] = []
  await using rproc = await init('echo', { data: { print: 'hello from inside\n' } }, (event) => {
    events.push(event)
  })
  await rproc.boot()
  const channel = await rproc.channel('echo', TIMEOUT)
  await channel.send('one')
  expect((await channel.receive(TIMEOUT)).text()).toBe('one')
  await rproc.shutdown({ deadline: 20_000 })
  expect(events.at(-1)).toMatchObject({ type: 'stopped', reason: 'acknowledged' })
  const console = events.map((event) => (event.type === 'console' ? event.text : '')).join('')
  expect(console).toBe('hello from inside\nasked to end\n')
})

test('a module may post messages of its own to its parent, which are none of the host’s', async () => {
  const events: RemoteprocEvent[] = []
  await using rproc = await init('talks-to-parent', {}, (event) => events.push(event))
  await rproc.boot()
  const channel = await rproc.channel('echo', TIMEOUT)
  await channel.send('one')
  expect((await channel.receive(TIMEOUT)).text()).toBe('one')
  const types = new Set(events.map(({ type }) => type))
  expect([...types]).toEqual(['loaded', 'booted', 'announced'])
})

test('a module that iterates over its channel comes to its end when it is asked', async () => {
  await using rproc = await init('iterate')
  await rproc.boot()
  const channel = await rproc.channel('echo', TIMEOUT)
  await channel.send('one')
  await channel.receive(TIMEOUT)
  const ended = ending(rproc)
  await rproc.shutdown({ deadline: 20_000 })
  expect(await ended).toMatchObject({ type: 'stopped', reason: 'acknowledged' })
})

test('a module in a synchronous wait comes to its end when it is asked', async () => {
  await using rproc = await init('sync')
  await rproc.boot()
  const channel = await rproc.channel('echo', TIMEOUT)
  await channel.send('one')
  expect((await channel.receive(TIMEOUT)).text()).toBe('one')
  const ended = ending(rproc)
  await rproc.shutdown({ deadline: 20_000 })
  expect(await ended).toMatchObject({ type: 'stopped', reason: 'acknowledged' })
})

test.each([
  ['an error that nobody catches', 'throw', /TypeError: as I was told \(echo\.js:\d+:\d+\)/],
  ['a rejection that nobody handles', 'reject', /Error: nobody handles this/],
  ['process.exit', 'process.exit', /ended with code 3/],
])('%s is a crash with a reason, and the next boot is a new life', async (_, message, reason) => {
  await using rproc = await init('echo')
  await rproc.boot()
  const first = await rproc.channel('echo', TIMEOUT)
  const ended = ending(rproc)
  await first.send(message)
  await expect(first.receive(TIMEOUT)).rejects.toMatchObject({ code: 'ERR_CRASHED' })
  expect(await ended).toMatchObject({ type: 'crashed', reason: expect.stringMatching(reason) })
  await rproc.shutdown()
  await rproc.boot()
  const second = await rproc.channel('echo', TIMEOUT)
  await second.send('alive')
  expect((await second.receive(TIMEOUT)).text()).toBe('alive')
})

test.each(['at once', 'later'])('a remote that fails %s has crashed', async (data) => {
  await using rproc = await init('late', { data })
  await rproc.boot()
  await expect(rproc.whenStopped(TIMEOUT)).rejects.toMatchObject({
    code: 'ERR_CRASHED',
    message: expect.stringMatching(data === 'later' ? /a timer of mine/ : /not even begun/),
  })
})

test('a remote that powers itself off has stopped', async () => {
  await using rproc = await init('echo')
  await rproc.boot()
  const channel = await rproc.channel('echo', TIMEOUT)
  const ended = ending(rproc)
  await channel.send('exit')
  expect(await ended).toMatchObject({ type: 'stopped', reason: 'exited' })
})

test('a remote that hangs is reset at the deadline, and boots again', async () => {
  await using rproc = await init('echo')
  await rproc.boot()
  const channel = await rproc.channel('echo', TIMEOUT)
  await channel.send('hang')
  const ended = ending(rproc)
  await rproc.shutdown({ deadline: 20 })
  expect(await ended).toMatchObject({ type: 'stopped', reason: 'reset' })
  await rproc.boot()
  await rproc.channel('echo', TIMEOUT)
})

test('the module declares the resource table', async () => {
  await using rproc = await init('table')
  expect(rproc.resourceTable?.vdevs).toMatchObject([{ dfeatures: 1, vrings: [{ num: 8 }, {}] }])
  await rproc.boot()
  const channel = await rproc.channel('echo', TIMEOUT)
  const texts = Array.from({ length: 30 }, (_, i) => `${i}`)
  const sent = channel.sendAll(texts, TIMEOUT)
  for (const text of texts) expect((await channel.receive(TIMEOUT)).text()).toBe(text)
  await sent
})

test.each([
  ['no-remote', /its default export is no remote/],
  ['throws-on-import', /cannot be imported: Error: no, thank you/],
  ['is-not-there', /cannot be imported/],
])('a module that is no remote is refused: %s', async (name, message) => {
  await expect(init(name)).rejects.toMatchObject({
    code: 'ERR_IMAGE',
    message: expect.stringMatching(message),
  })
})

test('in the host’s own thread the remote lives the same life, and says where it is', async () => {
  const events: RemoteprocEvent[] = []
  await using rproc = await init('echo', { worker: false }, (event) => events.push(event))
  for (const text of ['first', 'second']) {
    await rproc.boot()
    const channel = await rproc.channel('echo', TIMEOUT)
    await channel.send(text)
    expect((await channel.receive(TIMEOUT)).text()).toBe(text)
    await rproc.shutdown({ deadline: 20_000 })
    expect(events.at(-1)).toMatchObject({ type: 'stopped', reason: 'acknowledged' })
  }
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'note', text: 'echo.js in this thread' }),
  )
})

test('thirty lives in a row', async () => {
  await using rproc = await init('iterate')
  for (let life = 0; life < 30; life++) {
    await rproc.boot()
    const channel = await rproc.channel('echo', TIMEOUT)
    await channel.send(`life ${life}`)
    expect((await channel.receive(TIMEOUT)).text()).toBe(`life ${life}`)
    await rproc.shutdown({ deadline: life % 2 === 0 ? 20_000 : 0 })
  }
})
