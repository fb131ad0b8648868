import { describe, expect, test } from 'vitest'
import { firmwareWith } from '../../test/support/firmware.js'
import { PlayedMachine } from '../../test/support/processor.js'
import { takeUncaught } from '../../test/support/uncaught.js'
import { Remoteproc } from './remoteproc.js'
import type { Subdevice } from './subdevices.js'

type Hook = keyof Subdevice

/** Two sub-devices that say what they are asked, and fail where `failing` says so. */
function watched(failing?: string) {
  const said: string[] = []
  const machine = new PlayedMachine()
  const hook =
    (name: string, what: Hook) =>
    async (crashed?: boolean): Promise<void> => {
      await Promise.resolve()
      said.push(`${what} ${name}${crashed === undefined ? '' : ` ${crashed}`}`)
      if (failing === `${what} ${name}`) throw new Error(`${what} ${name} fails`)
    }
  const subdevices = ['a', 'b'].map((name) => ({
    prepare: hook(name, 'prepare'),
    start: hook(name, 'start'),
    stop: hook(name, 'stop'),
    unprepare: hook(name, 'unprepare'),
  }))
  const init = () => Remoteproc.init({ firmware: firmwareWith(), machine, subdevices })
  /** From now on what the processor is asked stands between. */
  const hear = (): void => {
    machine.processor.onCall = (call) => {
      if (/^(start|stop|request)/.test(call)) said.push(`processor: ${call.split(' ')[0]}`)
    }
  }
  return { machine, said, init, hear }
}

const BOOT = ['prepare a', 'prepare b', 'processor: start', 'start a', 'start b']

describe('sub-devices', () => {
  test('are prepared before the remote leaves reset and started after it, in order', async () => {
    const { init, said, hear } = watched()
    const rproc = await init()
    hear()
    await rproc.boot()
    expect(said).toEqual(BOOT)
    expect(rproc.state).toBe('running')
  })

  test('are stopped before the remote is asked to end, in reverse', async () => {
    const { init, said, hear } = watched()
    const rproc = await init()
    hear()
    await rproc.boot()
    said.length = 0
    await rproc.shutdown({ deadline: 0 })
    const end = ['stop b false', 'stop a false', 'processor: stop', 'unprepare b', 'unprepare a']
    expect(said).toEqual(end)
  })

  test('are told of a crash, after the remote stands still', async () => {
    const { init, said, hear, machine } = watched()
    const rproc = await init()
    hear()
    await rproc.boot()
    said.length = 0
    machine.processor.listener.crashed('a reason')
    await rproc.shutdown()
    const end = ['processor: stop', 'stop b true', 'stop a true', 'unprepare b', 'unprepare a']
    expect(said).toEqual([...end, 'processor: stop'])
  })

  test('that still start when the remote crashes are stopped all the same', async () => {
    const { machine, init, said } = watched()
    const rproc = await init()
    let crash = (): void => {}
    machine.processor.onCall = (call) => {
      if (call === 'kick 0') crash()
    }
    crash = () => queueMicrotask(() => machine.processor.listener.crashed('at once'))
    await expect(rproc.boot()).rejects.toMatchObject({ code: 'ERR_CRASHED' })
    await rproc.shutdown()
    expect(said).toEqual([
      ...['prepare a', 'prepare b', 'start a'],
      ...['stop a true', 'unprepare b', 'unprepare a'],
    ])
  })

  test.each([
    ['prepare a', []],
    ['prepare b', ['unprepare a']],
    ['start a', ['unprepare b', 'unprepare a']],
    ['start b', ['stop a true', 'unprepare b', 'unprepare a']],
  ])('are undone in reverse where %s fails', async (failing, undone) => {
    const { init, said } = watched(failing)
    const rproc = await init()
    await expect(rproc.boot()).rejects.toThrow(`${failing} fails`)
    expect(said.slice(said.indexOf(failing) + 1)).toEqual(undone)
    await rproc.deinit()
    expect(rproc.state).toBe('offline')
  })

  test('that fail on the way down keep no other from being undone', async () => {
    const { init, said } = watched('stop b')
    const rproc = await init()
    await rproc.boot()
    said.length = 0
    const [error] = await takeUncaught(() => rproc.shutdown({ deadline: 0 }))
    expect(said).toEqual(['stop b false', 'stop a false', 'unprepare b', 'unprepare a'])
    expect(error).toMatchObject({ message: 'stop b fails' })
  })
})
