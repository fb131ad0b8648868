import { describe, expect, test } from 'vitest'
import { firmwareWith } from '../../test/support/firmware.js'
import { PlayedMachine, type PlayedProcessor } from '../../test/support/processor.js'
import { Remoteproc } from './remoteproc.js'

// Where the host puts things for two rings of 4: vring 0, vring 1, then the buffers.
const USED = 80
const VRING1 = 0x1000
const BUFFERS = 0x2000

async function booted(): Promise<{ rproc: Remoteproc; processor: PlayedProcessor }> {
  const machine = new PlayedMachine()
  const rproc = await Remoteproc.init({ firmware: firmwareWith(), machine })
  await rproc.boot()
  return { rproc, processor: machine.processor }
}

/** The remote returns `count` more buffers of a ring, each "used" for 512 bytes. */
function returnBuffers(processor: PlayedProcessor, ring: number, count: number): void {
  const { shared } = processor
  const idx = shared.getU16(ring + USED + 2)
  for (let i = 0; i < count; i++) {
    const element = ring + USED + 4 + 8 * ((idx + i) & 3)
    shared.setU32(element, (idx + i) & 3)
    shared.setU32(element + 4, 512)
  }
  shared.setU16(ring + USED + 2, idx + count)
}

/** The remote writes a message into the first receive buffer, with stale bytes all around it. */
function writeMessage({ shared }: PlayedProcessor, destination: number, text: string): void {
  shared.bytes.fill(0xa5, BUFFERS, BUFFERS + 512)
  shared.setU32(BUFFERS, 1024)
  shared.setU32(BUFFERS + 4, destination)
  shared.setU16(BUFFERS + 12, text.length)
  shared.bytes.set(Buffer.from(text), BUFFERS + 16)
}

describe('a remote as OpenAMP’s C library or RPMsg-Lite make it', () => {
  test('may return a message with the whole buffer’s length and anything in reserved', async () => {
    const { rproc, processor } = await booted()
    const heard: string[] = []
    rproc.rpmsg[0]?.createEndpoint({ address: 7, receive: (message) => heard.push(message.text()) })
    writeMessage(processor, 7, 'hello')
    returnBuffers(processor, 0, 1)
    processor.listener.kicked(0)
    expect(heard).toEqual(['hello'])
  })

  test('may return transmit buffers without a kick: who waits for one is served all the same', async () => {
    const { rproc, processor } = await booted()
    const endpoint = rproc.rpmsg[0]?.createEndpoint({ destination: 30 })
    for (let i = 0; i < 4; i++) expect(endpoint?.trySend(`${i}`)).toBe(true)
    const waiting = endpoint?.send('4')
    returnBuffers(processor, VRING1, 4)
    processor.listener.progressed()
    await waiting
    expect(processor.shared.getU16(VRING1 + 64 + 2)).toBe(5)
  })

  test('may do so and fall asleep: that is not yet idle for ever', async () => {
    const { rproc, processor } = await booted()
    const endpoint = rproc.rpmsg[0]?.createEndpoint({ destination: 30 })
    for (let i = 0; i < 4; i++) endpoint?.trySend(`${i}`)
    const waiting = endpoint?.send('4')
    returnBuffers(processor, VRING1, 2)
    processor.listener.idle()
    await waiting
  })

  test('may write into the header of a buffer that it has received', async () => {
    const { rproc, processor } = await booted()
    const endpoint = rproc.rpmsg[0]?.createEndpoint({ address: 7, destination: 30 })
    endpoint?.trySend('first')
    const sent = BUFFERS + 4 * 512
    processor.shared.setU32(sent + 8, 0x1_0000)
    returnBuffers(processor, VRING1, 1)
    for (let i = 0; i < 4; i++) expect(endpoint?.trySend('again')).toBe(true)
    expect(processor.shared.getU32(sent + 8)).toBe(0)
  })
})

describe('what a remote has sent without a kick', () => {
  test.each([
    ['crashed', (p: PlayedProcessor) => p.listener.crashed('a reason')],
    ['powered itself off', (p: PlayedProcessor) => p.listener.exited()],
    ['fell idle', (p: PlayedProcessor) => p.listener.idle()],
  ])('is delivered after it %s', async (_, end) => {
    const { rproc, processor } = await booted()
    const heard: string[] = []
    rproc.rpmsg[0]?.createEndpoint({ address: 7, receive: (message) => heard.push(message.text()) })
    writeMessage(processor, 7, 'last words')
    returnBuffers(processor, 0, 1)
    end(processor)
    expect(heard).toEqual(['last words'])
  })
})
