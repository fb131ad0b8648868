import { describe, expect, test } from 'vitest'
import { type Channel, Remoteproc, type RxBuffer } from '../../dist/index.js'
import { emulated } from '../../dist/machines/index.js'
import { file } from '../../dist/node.js'
import { image } from './command.js'
import { machines } from './machines.js'

/** Sends `length` bytes of `value` without a copy. */
async function ping({ endpoint }: Channel, value: number, length: number): Promise<void> {
  const buffer = await endpoint.getTxPayloadBuffer()
  buffer.bytes.fill(value, 0, length)
  endpoint.sendNocopy(buffer, length)
}

/** Holds the next `count` answers. */
function answers(channel: Channel, count: number): Promise<readonly RxBuffer[]> {
  const held: RxBuffer[] = []
  return new Promise((resolve) => {
    channel.onMessage((message) => {
      if (held.push(message.hold()) === count) resolve(held)
    })
  })
}

describe.each(machines)('messages without a copy at either end, %s,', (_, options) => {
  test('are answered where they lie, of every length, in every life', async () => {
    const firmware = file(image('ping-pong'))
    const rproc = await Remoteproc.init({ firmware, machine: emulated(options) })
    try {
      for (let life = 0; life < 2; life++) {
        await rproc.boot()
        const channel = await rproc.channel('ping-pong')
        for (const length of [0, 1, 4, 495, 496]) {
          const answer = answers(channel, 1)
          await ping(channel, 254, length)
          const [message] = await answer
          expect(message?.copy()).toEqual(new Uint8Array(length).fill(255))
          message?.release()
        }
        await rproc.shutdown()
      }
    } finally {
      await rproc.deinit()
    }
  })

  test('wait for each other in order where there are more than buffers', async () => {
    const firmware = file(image('ping-pong'))
    const rproc = await Remoteproc.init({ firmware, machine: emulated(options) })
    try {
      await rproc.boot()
      const channel = await rproc.channel('ping-pong')
      const values: number[] = []
      const all = new Promise<void>((resolve) => {
        channel.onMessage(({ data: [value = -1] }) => {
          if (values.push(value) === 200) resolve()
        })
      })
      for (let i = 0; i < 200; i++) await ping(channel, i, 100)
      await all
      expect(values).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
    } finally {
      await rproc.deinit()
    }
  })

  test('go on after this side has held every buffer of the ring', async () => {
    const firmware = file(image('ping-pong'))
    const rproc = await Remoteproc.init({ firmware, machine: emulated(options) })
    try {
      await rproc.boot()
      const channel = await rproc.channel('ping-pong')
      // The remote waits for a buffer with the 17th answer, while it holds what it was sent.
      const sixteen = answers(channel, 16)
      for (let i = 0; i < 17; i++) await ping(channel, i, 8)
      const held = await sixteen
      const last = answers(channel, 1)
      for (const message of held) message.release()
      expect((await last).map(({ data: [value] }) => value)).toEqual([17])
      expect(held.length).toBe(16)
    } finally {
      await rproc.deinit()
    }
  })
})
