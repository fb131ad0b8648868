import { describe, expect, test } from 'vitest'
import { Remoteproc, type RemoteprocEvent } from '../../dist/index.js'
import { emulated } from '../../dist/machines/index.js'
import { file } from '../../dist/node.js'
import { image } from './command.js'
import { machines, PATIENT } from './machines.js'

const ECHO = 'rpmsg-openamp-demo-channel'

async function echo(rproc: Remoteproc, text: string): Promise<string> {
  const channel = await rproc.channel(ECHO)
  await channel.send(text)
  return (await channel.receive()).text()
}

describe.each(machines)('a remote that runs %s', (_, options) => {
  const init = (observer: (event: RemoteprocEvent) => void = () => {}): Promise<Remoteproc> =>
    Remoteproc.init({ firmware: file(image('echo')), machine: emulated(options), observer })

  test('is detached from, goes on, and is attached to again', async () => {
    const events: RemoteprocEvent[] = []
    await using rproc = await init((event) => events.push(event))
    await rproc.boot()
    for (let host = 1; host <= 20; host++) {
      expect(await echo(rproc, `host ${host}`)).toBe(`host ${host}`)
      const channel = rproc.rpmsg[0]?.createEndpoint()
      await rproc.detach(PATIENT)
      expect(rproc.state).toBe('detached')
      expect(channel?.closed).toBe(true)
      await rproc.attach()
      expect(rproc.state).toBe('running')
    }
    expect(await echo(rproc, 'still the same')).toBe('still the same')
    const detached = events.filter(({ type }) => type === 'detached')
    expect(detached).toHaveLength(20)
    for (const event of detached) expect(event).toMatchObject({ acknowledged: true })
    // One life: it was booted once, and has never been reset.
    expect(events.filter(({ type }) => type === 'booted')).toHaveLength(1)
    const trace = events.map((event) => (event.type === 'trace' ? event.text : '')).join('')
    expect(trace.match(/echo: booted/g)).toHaveLength(1)
    expect(trace).toContain('echo: host detaches')
  })

  test('is attached to by another host, which knows its table’s address only', async () => {
    await using first = await init()
    await first.boot()
    expect(await echo(first, 'one')).toBe('one')
    const address = first.resourceTable?.da ?? 0
    await first.detach()
    const machine = await first.handOver()
    expect(first.state).toBe('offline')

    await using second = await Remoteproc.init({ machine, resourceTable: { address } })
    expect(second.state).toBe('detached')
    await second.attach()
    expect(await echo(second, 'two')).toBe('two')
    await second.shutdown()
    expect(second.state).toBe('stopped')
  })

  test('may be shut down while nobody is attached', async () => {
    const events: RemoteprocEvent[] = []
    await using rproc = await init((event) => events.push(event))
    await rproc.boot()
    await rproc.channel(ECHO)
    await rproc.detach(PATIENT)
    await rproc.shutdown(PATIENT)
    expect(events.at(-1)).toMatchObject({ type: 'stopped', reason: 'acknowledged' })
    await rproc.boot()
    expect(await echo(rproc, 'a new life')).toBe('a new life')
  })

  test('ends what waits for it with the detach as the reason', async () => {
    await using rproc = await init()
    await rproc.boot()
    const channel = await rproc.channel(ECHO)
    const pending = channel.receive().catch((error: unknown) => error)
    await rproc.detach()
    expect(await pending).toMatchObject({
      code: 'ERR_STOPPED',
      message: 'the remote was detached from',
    })
    await expect(rproc.channel(ECHO)).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    await expect(rproc.detach()).rejects.toMatchObject({ code: 'ERR_STATE' })
  })

  test('stands still while it is suspended, and its time with it', async () => {
    const events: RemoteprocEvent[] = []
    await using rproc = await Remoteproc.init({
      firmware: file(image('ticker')),
      machine: emulated(options),
      observer: (event) => events.push(event),
    })
    await rproc.boot()
    const channel = await rproc.channel('ticker')
    await channel.receive()
    await rproc.suspend()
    expect(rproc.state).toBe('suspended')
    let woken = false
    const sleeping = rproc.sleep(10).then(() => {
      woken = true
    })
    const { clock, space } = rproc.processor
    const before = { now: clock.now(), memory: space.regions.map(({ bytes }) => hash(bytes)) }
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect({ now: clock.now(), memory: space.regions.map(({ bytes }) => hash(bytes)) }).toEqual(
      before,
    )
    expect(woken).toBe(false)
    rproc.resume()
    await sleeping
    expect(clock.now() - before.now).toBeGreaterThanOrEqual(10e6)
    await channel.receive()
    const types = events.map(({ type }) => type)
    expect(types.filter((type) => type === 'suspended' || type === 'resumed')).toEqual([
      'suspended',
      'resumed',
    ])
  })

  test('may be resumed before it has come to stand still', async () => {
    await using rproc = await init()
    await rproc.boot()
    const suspension = rproc.suspend()
    rproc.resume()
    await expect(suspension).rejects.toMatchObject({ code: 'ERR_STATE' })
    await rproc.channel(ECHO)
  })

  test('takes messages while it is suspended, and answers them afterwards', async () => {
    await using rproc = await init()
    await rproc.boot()
    const channel = await rproc.channel(ECHO)
    await rproc.suspend()
    await channel.send('later')
    const answer = channel.receive()
    rproc.resume()
    expect((await answer).text()).toBe('later')
  })

  test('is shut down in order though it is suspended', async () => {
    const events: RemoteprocEvent[] = []
    await using rproc = await init((event) => events.push(event))
    await rproc.boot()
    await rproc.channel(ECHO)
    await rproc.suspend()
    await rproc.shutdown(PATIENT)
    expect(events.at(-1)).toMatchObject({ type: 'stopped', reason: 'acknowledged' })
  })
})

test('without an image there must be a remote that runs', async () => {
  await expect(Remoteproc.init({ machine: emulated() })).rejects.toMatchObject({
    code: 'ERR_USAGE',
  })
})

/** FNV-1a over the words of a memory that is mostly zeros. */
function hash(bytes: Uint8Array): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  let value = 0x811c9dc5
  for (const word of words) value = Math.imul(value ^ word, 0x01000193)
  return value
}
