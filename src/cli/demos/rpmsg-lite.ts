import { emulated } from '../../machines/index.js'
import { Remoteproc, type RpmsgLiteLayout, rpmsgLite } from '../../remoteproc/index.js'
import type { Channel } from '../../rpmsg/index.js'
import { type Demo, demoImage, type Stage } from './demo.js'

/** The numbers that the image is built with (firmware/rpmsg-lite/rpmsg-lite.c). */
const LAYOUT: RpmsgLiteLayout = {
  base: 0x1800_0000,
  count: 16,
  align: 0x1000,
  vringSize: 0x8000,
}

export const rpmsgLiteDemo: Demo = {
  name: 'rpmsg-lite',
  summary: 'a remote as RPMsg-Lite makes them: no resource table, the first kick is the handshake',
  run: async ({ say, step, paint }) => {
    step('init: the image has no resource table, so the host makes one for itself')
    const rproc = await Remoteproc.init({
      firmware: demoImage('rpmsg-lite'),
      machine: emulated(),
      ...rpmsgLite(LAYOUT),
    })
    try {
      say(`  rpmsgLite({ base: 0x18000000, count: 16, align: 0x1000, vringSize: 0x8000 })`)
      for (const vring of rproc.resourceTable?.vdevs[0]?.vrings ?? []) {
        const what = vring.index === 0 ? 'remote to host' : 'host to remote'
        const place = `0x${vring.da.toString(16)}, ${vring.num} buffers, notify id ${vring.notifyid}`
        say(`  vring ${vring.index}  ${place}  ${paint.dim(what)}`)
      }
      const buffers = rproc.resourceTable?.carveout('vdev0buffer')
      say(`  buffers  0x${buffers?.da.toString(16)}, ${buffers?.len} bytes`)

      step('boot: rings set up, vring 0 filled, and its kick tells the remote that the link is up')
      await rproc.boot()
      const channel = await rproc.channel('rpmsg-lite-echo')
      say(`  ${channel.name} announced by address ${channel.endpoint.destination}`)

      step('messages, there and back')
      for (const text of ['hello, RPMsg-Lite', 'x'.repeat(496)]) {
        await channel.send(text)
        const answer = (await channel.receive()).text()
        const shown = text.length > 20 ? `${text.length} × "${text[0]}"` : `"${text}"`
        say(`  ${shown.padEnd(20)} ${answer === text ? 'the same back' : `back: "${answer}"`}`)
      }

      step('more than there are buffers: the remote gives no notice of those it returns')
      await burst(rproc, channel, say)

      step('shutdown: a request in the mailbox, which the remote acknowledges')
      await rproc.shutdown()
      say(`  state: ${rproc.state}`)
    } finally {
      await rproc.deinit()
    }
  },
}

async function burst(rproc: Remoteproc, channel: Channel, say: Stage['say']): Promise<void> {
  const count = 100
  const sending = Promise.all(Array.from({ length: count }, (_, i) => channel.send(`${i}`)))
  let inOrder = 0
  for (let i = 0; i < count; i++) {
    if ((await channel.receive()).text() === `${i}`) inOrder++
  }
  await sending
  const dropped = rproc.rpmsg[0]?.stats.dropped
  say(`  ${count} sent at once, ${inOrder} back in order, ${dropped} dropped`)
}
