import { expect, test } from 'vitest'
import { VirtualClock, WallClock } from './clock.js'

test('a virtual clock stands still until it is advanced', () => {
  const clock = new VirtualClock()
  let called = false
  clock.after(0, 'timer', () => {
    called = true
  })
  expect(clock.now()).toBe(0)
  expect(called).toBe(false)
})

test('callbacks run in order of due time, and in order of the calls where that is equal', () => {
  const clock = new VirtualClock()
  const order: string[] = []
  clock.after(2, 'timer', () => order.push('late'))
  clock.after(1, 'timer', () => order.push('first of two'))
  clock.after(1, 'deadline', () => order.push('second of two'))
  clock.advanceTo(5e6)
  expect(order).toEqual(['first of two', 'second of two', 'late'])
})

test('each callback sees the time at which it was due, so a periodic one does not drift', () => {
  const clock = new VirtualClock()
  const seen: number[] = []
  const tick = (): void => {
    seen.push(clock.now())
    clock.after(10, 'timer', tick)
  }
  clock.after(10, 'timer', tick)
  clock.advanceTo(35e6)
  expect(seen).toEqual([10e6, 20e6, 30e6])
  expect(clock.now()).toBe(35e6)
})

test('a virtual clock never runs backwards', () => {
  const clock = new VirtualClock()
  clock.advanceTo(100)
  clock.advanceTo(50)
  expect(clock.now()).toBe(100)
})

test('what is cancelled is not called, even by a callback due at the same time', () => {
  const clock = new VirtualClock()
  let called = false
  clock.after(1, 'timer', () => cancel())
  const cancel = clock.after(1, 'timer', () => {
    called = true
  })
  clock.advanceTo(1e6)
  expect(called).toBe(false)
})

test('an idle machine looks for the next timer and passes over deadlines', () => {
  const clock = new VirtualClock()
  expect(clock.next()).toBe(Number.POSITIVE_INFINITY)
  clock.after(1, 'deadline', () => {})
  clock.after(2, 'timer', () => {})
  expect(clock.next()).toBe(1e6)
  expect(clock.next('timer')).toBe(2e6)
})

test('a delay longer than the platform takes does not fire at once', async () => {
  let called = false
  const cancel = new WallClock().after(Number.POSITIVE_INFINITY, 'deadline', () => {
    called = true
  })
  await new Promise((resolve) => setTimeout(resolve, 5))
  cancel()
  expect(called).toBe(false)
})

test('the wall clock calls once, and not after cancelling', async () => {
  const clock = new WallClock()
  let calls = 0
  const cancel = clock.after(0, 'timer', () => calls++)
  cancel()
  await new Promise<void>((resolve) => {
    clock.after(1, 'timer', resolve)
  })
  expect(calls).toBe(0)
  expect(clock.now()).toBeGreaterThan(0)
  expect(Number.isSafeInteger(clock.now())).toBe(true)
})

test('a wall clock calls nobody back before the time, to the nanosecond', async () => {
  const clock = new WallClock()
  const early: number[] = []
  const rings = [0.4, 1.9, 2.99, 3.5].map(
    (milliseconds) =>
      new Promise<void>((resolve) => {
        const due = clock.now() + milliseconds * 1e6
        clock.after(milliseconds, 'deadline', () => {
          if (clock.now() < due) early.push(milliseconds)
          resolve()
        })
      }),
  )
  await Promise.all(rings)
  expect(early).toEqual([])
})
