import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { RemoteprocEvent } from '../remoteproc/index.js'
import { Remoteproc } from '../remoteproc/index.js'
import { emulated } from './index.js'

const ECHO = 'rpmsg-openamp-demo-channel'

const init = (
  image: string,
  observer: (event: RemoteprocEvent) => void = () => {},
): Promise<Remoteproc> =>
  Remoteproc.init({
    firmware: readFileSync(new URL(`../../firmware/images/${image}.elf`, import.meta.url)),
    machine: emulated({ ramSize: 0x10_0000 }),
    observer,
  })

describe('one host', () => {
  test('boots 64 remotes, talks to each, and shuts them down', async () => {
    const ends: RemoteprocEvent[] = []
    const remotes = await Promise.all(
      Array.from({ length: 64 }, () =>
        init('echo', (event) => event.type === 'stopped' && ends.push(event)),
      ),
    )
    await Promise.all(remotes.map((rproc) => rproc.boot()))
    const channels = await Promise.all(remotes.map((rproc) => rproc.channel(ECHO)))
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(
        channels.map(async (channel, i) => {
          await channel.send(`remote ${i}, round ${round}`)
          return (await channel.receive()).text()
        }),
      )
      expect(answers).toEqual(answers.map((_, i) => `remote ${i}, round ${round}`))
    }
    await Promise.all(remotes.map((rproc) => rproc.shutdown()))
    expect(ends).toHaveLength(64)
    for (const end of ends) expect(end).toMatchObject({ reason: 'acknowledged' })
    await Promise.all(remotes.map((rproc) => rproc.deinit()))
  })

  test('goes on with the others when one crashes', async () => {
    const [good, bad] = await Promise.all([init('echo'), init('crash')])
    await Promise.all([good.boot(), bad.boot()])
    const channel = await good.channel(ECHO)
    const crash = await bad.channel('crash')
    await crash.send('illegal')
    await expect(crash.receive()).rejects.toMatchObject({ code: 'ERR_CRASHED' })
    await channel.send('still here')
    expect((await channel.receive()).text()).toBe('still here')
    await Promise.all([good.deinit(), bad.deinit()])
  })
})
