import { expect, test } from 'vitest'
import { inProcess, inProcessFirmware, inProcessTable } from '../machines/in-process.js'
import { resourceInit } from './remote.js'
import { Remoteproc } from './remoteproc.js'

test('a diagnosis tells what went through each ring, and for how long a buffer is out', async () => {
  const machine = inProcess(async (place) => {
    const remote = resourceInit({ ...place, tableAddress: inProcessTable })
    place.onKick = () => remote.kicked()
    const rpmsg = await remote.whenReady()
    const channel = rpmsg.announce('echo')
    for await (const message of channel) await channel.send(message.data)
  })
  const rproc = await Remoteproc.init({ firmware: inProcessFirmware(), machine })
  try {
    await rproc.boot()
    const channel = await rproc.channel('echo')
    await channel.send('hello')
    await channel.receive()
    const [device] = rproc.rpmsg
    // The announcement and the message; the remote has kicked for each.
    expect(device?.stats.rings[0]?.notificationsReceived).toBe(2)
    const lines = rproc.diagnose()
    const ring = (index: number): string =>
      lines[lines.findIndex((line) => line.startsWith(`vring ${index} of vdev 0:`)) + 1] ?? ''
    expect(ring(0)).toMatch(
      /^ {2}kicks: \d+ sent, \d+ spared, 2 received; \d+ buffers in flight, the oldest for \d+\.\d{3} ms$/,
    )
    expect(ring(1)).toMatch(/^ {2}kicks: 2 sent, 0 spared, \d+ received; 0 buffers in flight$/)
  } finally {
    await rproc.deinit()
  }
})
