import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Remoteproc, type RemoteprocOptions, rpmsgLite } from '../remoteproc/index.js'
import { emulated } from './emulated/emulated.js'

const LIVES = 1000

const layout = { base: 0x1800_0000, count: 16, align: 0x1000, vringSize: 0x8000 }

test.each<[string, string, Partial<RemoteprocOptions>]>([
  ['echo', 'rpmsg-openamp-demo-channel', {}],
  ['rpmsg-lite', 'rpmsg-lite-echo', rpmsgLite(layout)],
])(
  'the image %s is restarted a thousand times while its host stays, each time with one working channel',
  { timeout: 60_000 },
  async (image, name, options) => {
    const path = new URL(`../../firmware/images/${image}.elf`, import.meta.url)
    await using rproc = await Remoteproc.init({
      firmware: readFileSync(path),
      machine: emulated({ deterministic: true }),
      ...options,
    })
    for (let life = 1; life <= LIVES; life++) {
      await rproc.boot()
      const channel = await rproc.channel(name)
      await channel.send(`life ${life}`)
      expect((await channel.receive()).text()).toBe(`life ${life}`)
      expect(rproc.announcements).toHaveLength(1)
      // Every other life ends in order, the others from one moment to the next.
      await rproc.shutdown(life % 2 === 0 ? {} : { deadline: 0 })
      expect(channel.closed).toBe(true)
    }
  },
)
