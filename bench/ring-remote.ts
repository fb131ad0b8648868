/** A remote in a worker thread: takes messages, echoes them, on endpoints of known addresses. */
import { GCProfiler } from 'node:v8'
import { CopyPool } from '../dist/index.js'
import { defineRemote } from '../dist/remote.js'
import { ADDRESS, LAST, SPIN } from './ring-protocol.js'

const KEPT = 1024

export default defineRemote({
  wait: { spin: SPIN },
  main: async ({ remote, data }) => {
    const rpmsg = await remote.whenReady()
    let profiler: GCProfiler | undefined
    const kept = new Array<Uint8Array | undefined>(KEPT)
    const pool = new CopyPool()
    let count = 0
    let sum = 0
    /** Answers the last message of a round. */
    const finish = (source: number, values: readonly number[]): void => {
      control.sendTo(new Uint8Array(Float64Array.from(values).buffer), source)
      count = 0
    }
    const control = rpmsg.createEndpoint({ address: ADDRESS.control })
    rpmsg.createEndpoint({
      address: ADDRESS.read,
      receive: ({ data, source }) => {
        count++
        sum += data[data.length - 1] ?? 0
        if (data[0] === LAST) finish(source, [count, sum])
      },
    })
    rpmsg.createEndpoint({
      address: ADDRESS.copy,
      receive: (message) => {
        const copy = message.copy(pool)
        kept[count++ % KEPT] = copy
        if (copy[0] === LAST) finish(message.source, [count])
      },
    })
    rpmsg.createEndpoint({
      address: ADDRESS.echo,
      receive: (message, self) => {
        let buffer = self.tryGetTxPayloadBuffer()
        while (buffer === undefined) {
          rpmsg.waitTxSync()
          buffer = self.tryGetTxPayloadBuffer()
        }
        buffer.bytes.set(message.data)
        self.sendNocopy(buffer, message.length, message.source)
      },
    })
    rpmsg.createEndpoint({
      address: ADDRESS.gc,
      receive: ({ source }) => {
        const collections = profiler?.stop().statistics.length ?? 0
        profiler = new GCProfiler()
        profiler.start()
        finish(source, [collections])
      },
    })
    rpmsg.announce('ready')
    if (data !== 'sync') return
    for (;;) rpmsg.waitSync()
  },
})
