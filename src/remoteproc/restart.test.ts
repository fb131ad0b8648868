import { describe, expect, test } from 'vitest'
import { pairings, TwoEnds } from '../../test/support/two-ends.js'
import type { RpmsgDevice } from '../rpmsg/index.js'
import type { Remote } from './remote.js'

const LIVES = 1000

/** Announces `echo` on each link that comes up, and echoes. */
async function serve(remote: Remote): Promise<void> {
  for (;;) {
    const rpmsg = await remote.whenReady()
    const channel = rpmsg.announce('echo')
    try {
      for await (const message of channel) await channel.send(message.data)
    } catch {
      // the link went down: wait for the next
    }
  }
}

/** A remote that echoes until it is put into reset. */
function boot(ends: TwoEnds): void {
  serve(ends.startRemote()).catch((error: unknown) => {
    expect(error).toMatchObject({ code: 'ERR_STOPPED' })
  })
}

/** The one channel that there is works. */
async function expectOneWorkingChannel(device: RpmsgDevice, text: string): Promise<void> {
  const channel = await device.channel('echo')
  await channel.send(text)
  expect((await channel.receive()).text()).toBe(text)
  expect(device.announcements).toHaveLength(1)
  expect([...device.endpoints]).toEqual([channel.endpoint])
}

describe.each(pairings)('a thousand times in a row, with %s', { timeout: 60_000 }, (pairing) => {
  test('a host that comes after its remote finds it', async () => {
    for (let life = 1; life <= LIVES; life++) {
      const ends = new TwoEnds(pairing)
      boot(ends)
      await null
      await expectOneWorkingChannel(ends.startHost().device, `life ${life}`)
      expect(ends.faults).toEqual([])
    }
  })

  test('a remote that comes after its host is found', async () => {
    for (let life = 1; life <= LIVES; life++) {
      const ends = new TwoEnds(pairing)
      const { device } = ends.startHost()
      await null
      boot(ends)
      await expectOneWorkingChannel(device, `life ${life}`)
      expect(ends.faults).toEqual([])
    }
  })

  test.each([
    ['after a reset of the device', true],
    ['without a word', false],
  ])('a host is restarted %s, and the remote stays', async (_, politely) => {
    const ends = new TwoEnds(pairing)
    boot(ends)
    for (let life = 1; life <= LIVES; life++) {
      const { device, end } = ends.startHost()
      await expectOneWorkingChannel(device, `life ${life}`)
      end(politely)
    }
    expect(ends.faults).toEqual([])
  })

  test('a remote is restarted without a word, and the host and its channel stay', async () => {
    const ends = new TwoEnds(pairing)
    const { device } = ends.startHost()
    boot(ends)
    const channel = await device.channel('echo')
    for (let life = 1; life <= LIVES; life++) {
      await channel.send(`life ${life}`)
      expect((await channel.receive()).text()).toBe(`life ${life}`)
      expect(device.announcements).toHaveLength(1)
      expect([...device.endpoints]).toEqual([channel.endpoint])
      boot(ends)
    }
    expect(ends.faults).toEqual([])
  })
})
