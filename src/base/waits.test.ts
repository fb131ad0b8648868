import { expect, test } from 'vitest'
import { VirtualClock } from './clock.js'
import { OpenampError } from './errors.js'
import { Waits } from './waits.js'

const stopped = (what: string): OpenampError => new OpenampError('ERR_STOPPED', what)

test('a wait that is resolved gives its value and is registered no more', async () => {
  const waits = new Waits(new VirtualClock())
  const wait = waits.add<number>('message', 'answer')
  expect(waits.count()).toBe(1)
  wait.resolve(42)
  expect(waits.count()).toBe(0)
  expect(await wait.promise).toBe(42)
})

test('a deadline on the given clock ends a wait with ERR_TIMEOUT and says for what', async () => {
  const clock = new VirtualClock()
  const wait = new Waits(clock).add('message', 'message on echo', { timeout: 50 })
  clock.advanceTo(49e6)
  expect(wait.pending).toBe(true)
  clock.advanceTo(50e6)
  await expect(wait.promise).rejects.toMatchObject({
    code: 'ERR_TIMEOUT',
    message: 'no message on echo within 50 ms',
  })
})

test('a wait that ended leaves no deadline on the clock', () => {
  const clock = new VirtualClock()
  new Waits(clock).add('message', 'answer', { timeout: 50 }).resolve(undefined)
  expect(clock.next()).toBe(Number.POSITIVE_INFINITY)
})

test('an abort signal ends a wait with ERR_ABORTED and its reason as the cause', async () => {
  const abort = new AbortController()
  const wait = new Waits(new VirtualClock()).add('buffer', 'buffer', { signal: abort.signal })
  const reason = new Error('enough')
  abort.abort(reason)
  await expect(wait.promise).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: reason })
})

test('a signal that was aborted before ends the wait at once', async () => {
  const waits = new Waits(new VirtualClock())
  const wait = waits.add('buffer', 'buffer', { signal: AbortSignal.abort() })
  expect(wait.pending).toBe(false)
  expect(waits.count()).toBe(0)
  await expect(wait.promise).rejects.toMatchObject({ code: 'ERR_ABORTED' })
})

test('a wait is settled once: what comes second changes nothing', async () => {
  const wait = new Waits(new VirtualClock()).add<string>('message', 'answer')
  wait.resolve('first')
  wait.reject(new Error('second'))
  expect(await wait.promise).toBe('first')
})

test('rejectAll ends the kinds it is given and leaves the others', async () => {
  const waits = new Waits(new VirtualClock())
  const message = waits.add('message', 'a message')
  const buffer = waits.add('buffer', 'a buffer')
  waits.rejectAll(stopped, ['message', 'announcement'])
  await expect(message.promise).rejects.toMatchObject({ code: 'ERR_STOPPED', message: 'a message' })
  expect([buffer.pending, waits.count('buffer'), waits.count('message')]).toEqual([true, 1, 0])
})

test('rejectAll without kinds ends everything', async () => {
  const waits = new Waits(new VirtualClock())
  const all = [waits.add('message', 'a'), waits.add('buffer', 'b'), waits.add('shutdown', 'c')]
  waits.rejectAll(stopped)
  const results = await Promise.allSettled(all.map((wait) => wait.promise))
  expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected'])
})

test('whoever runs the machine is told of each new wait', () => {
  const waits = new Waits(new VirtualClock())
  let told = 0
  waits.onAdded = () => told++
  waits.add('message', 'a')
  waits.add('buffer', 'b')
  expect(told).toBe(2)
})
