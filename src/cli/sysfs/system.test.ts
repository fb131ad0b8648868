import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { framings } from './framing.js'
import { Place } from './place.js'
import { System } from './system.js'
import { Folder } from './tree.js'

const image = fileURLToPath(new URL('../../../firmware/images/multi-endpoint.elf', import.meta.url))

/** A folder like sysfs with one remote, which announces three channels, until something was said. */
async function running(until: string, channelsMax?: number) {
  const folder = mkdtempSync(join(tmpdir(), 'sysfs-'))
  const place = await Place.take(join(folder, 'root'))
  const lines: string[] = []
  const framing = framings.get('lines')
  if (framing === undefined) throw new Error('there are no lines')
  const said = new Map<string, () => void>()
  const log = (line: string): void => {
    lines.push(line)
    for (const [text, found] of said) if (line.includes(text)) found()
  }
  const system = new System([{ name: 'a', board: undefined }], place, framing, log, channelsMax)
  onTestFinished(async () => {
    await system.end()
    await place.leave()
    rmSync(folder, { recursive: true, force: true })
  })
  /** Resolves with the next line that has `text` in it. */
  const when = (text: string): Promise<void> => new Promise((found) => said.set(text, found))
  copyFileSync(image, join(place.firmware, 'a.elf'))
  const [remote] = system.remotes
  const store = async (name: string, text: string): Promise<void> => {
    const node = remote?.sysfs.entries.get(name)
    if (node?.type !== 'attribute') throw new Error(`there is no ${name}`)
    expect(await node.store?.(text)).toBeUndefined()
  }
  const all = when(until)
  await store('firmware', 'a.elf')
  await store('state', 'start')
  await all
  let devices: Folder = system.root
  for (const name of ['bus', 'rpmsg', 'devices']) {
    const below = devices.entries.get(name)
    if (!(below instanceof Folder)) throw new Error(`there is no ${name}`)
    devices = below
  }
  const channels = (): string[] =>
    [...devices.entries.keys()].filter((name) => name.includes('.-1.'))
  return { place, lines, when, devices: channels }
}

test('a remote that announces more channels than there is room for gets devices for the first', async () => {
  const { lines, devices } = await running('ENOSPC', 2)
  expect(devices()).toHaveLength(2)
  expect(lines).toContain('remoteproc0: ENOSPC: it has 2 channels, and gets no device for one more')
})

test('a program that comes second and sends all the same is let go of, whether it leaves or not', async () => {
  const { place, when } = await running('creating channel log')
  const path = join(place.dev, 'rpmsg0')
  const first = connect(path)
  await new Promise((resolve) => first.on('connect', resolve))
  const busy = when('EBUSY')
  const second = connect({ path, allowHalfOpen: true })
  second.on('error', () => {})
  second.write('hello\n')
  await busy
  const gone = new Promise((resolve) => second.on('close', resolve))
  // It never ends its side; it only notices when it cannot write any more.
  const writing = setInterval(() => second.write('still here\n'), 10)
  await gone
  clearInterval(writing)
  first.destroy()
})
