import { expect, test } from 'vitest'
import { isOpenampError, type RemoteprocEvent } from '../../dist/index.js'
import { emulated } from '../../dist/machines/index.js'
import { ending, initRemote } from './support.js'

const ECHO = 'rpmsg-openamp-demo-channel'
/** For a thread that may have to wait for its turn on a busy machine. */
const PATIENT = { deadline: 20_000 }

test('boots, echoes, answers the request to shut down', async () => {
  const events: RemoteprocEvent[] = []
  await using remote = await initRemote('echo', (event) => events.push(event))
  await remote.boot()
  const channel = await remote.channel(ECHO)
  await channel.send('hello')
  expect((await channel.receive()).text()).toBe('hello')
  await remote.shutdown(PATIENT)
  expect(events.at(-1)).toMatchObject({ type: 'stopped', reason: 'acknowledged' })
  const trace = events.map((event) => (event.type === 'trace' ? event.text : '')).join('')
  expect(trace).toContain('echo: booted')
  expect(trace).toContain('echo: halted')
})

test('ends by the shutdown message', async () => {
  await using remote = await initRemote('echo')
  await remote.boot()
  const channel = await remote.channel(ECHO)
  const ended = ending(remote)
  await remote.shutdown({ channel, ...PATIENT })
  expect(await ended).toMatchObject({ type: 'stopped', reason: 'acknowledged' })
})

test('has two lives, and new channels in the second', async () => {
  await using remote = await initRemote('echo')
  for (const text of ['first', 'second']) {
    await remote.boot()
    const channel = await remote.channel(ECHO)
    await channel.send(text)
    expect((await channel.receive()).text()).toBe(text)
    await remote.shutdown(PATIENT)
    // The remote has taken its channel back before it halted.
    await expect(channel.send('late')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  }
})

test('reports a crash with its reason, and boots again after it', async () => {
  await using remote = await initRemote('crash')
  await remote.boot()
  const channel = await remote.channel('crash')
  const ended = ending(remote)
  await channel.send('illegal')
  await expect(channel.receive()).rejects.toMatchObject({ code: 'ERR_CRASHED' })
  // The firmware's own handler names the exception: 80 + mcause 2.
  expect(await ended).toMatchObject({ type: 'crashed', reason: expect.stringContaining('code 82') })
  await remote.shutdown()
  await remote.boot()
  await (await remote.channel('crash')).send('alive')
})

test('reports that the remote has powered itself off', async () => {
  await using remote = await initRemote('crash')
  await remote.boot()
  const channel = await remote.channel('crash')
  const ended = ending(remote)
  await channel.send('exit')
  expect(await ended).toMatchObject({ type: 'stopped', reason: 'exited' })
  await expect(channel.receive()).rejects.toMatchObject({ code: 'ERR_STOPPED' })
})

test('resets a remote that hangs, at the deadline', async () => {
  await using remote = await initRemote('crash')
  await remote.boot()
  const channel = await remote.channel('crash')
  await channel.send('hang')
  const ended = ending(remote)
  // By message, which comes after the other one; a request could be seen before it.
  await remote.shutdown({ channel, deadline: 20 })
  expect(await ended).toMatchObject({ type: 'stopped', reason: 'reset' })
  await remote.boot()
  await remote.channel('crash')
})

test('says that a channel which nobody announces will never come', async () => {
  await using remote = await initRemote('silent')
  await remote.boot()
  await expect(remote.channel('nobody')).rejects.toMatchObject({ code: 'ERR_IDLE' })
  // The remote sleeps since then; who begins to wait now is told as well.
  await expect(remote.channel('nobody')).rejects.toMatchObject({ code: 'ERR_IDLE' })
})

test('refuses to be deterministic, and says why', () => {
  try {
    emulated({ worker: true, deterministic: true })
    expect.unreachable()
  } catch (error) {
    expect(isOpenampError(error, 'ERR_USAGE')).toBe(true)
    expect(String(error)).toContain('between threads')
  }
})
