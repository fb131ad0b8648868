import { setTimeout } from 'node:timers/promises'
import { Remoteproc } from '../dist/index.js'
import { emulated } from '../dist/machines/index.js'
import { file } from '../dist/node.js'
import type { Measurement } from './figure.js'

const REMOTES = 64
const IMAGE = new URL('../firmware/images/ticker.elf', import.meta.url).pathname
const SETTLE_MS = 1500
const IDLE_MS = 2000
const REPEATS = 5

/** Processors that so many paced remotes use which do nothing but count a tick of 1 ms. */
export async function idleRemotes(): Promise<Measurement> {
  const remotes: Remoteproc[] = []
  try {
    for (let i = 0; i < REMOTES; i++) {
      const machine = emulated({ ramSize: 2 ** 20 })
      const rproc = await Remoteproc.init({ firmware: file(IMAGE), machine })
      remotes.push(rproc)
      await rproc.boot()
    }
    await setTimeout(SETTLE_MS)
    const samples: number[] = []
    while (samples.length < REPEATS) {
      const before = process.cpuUsage()
      const begun = performance.now()
      await setTimeout(IDLE_MS)
      const { user, system } = process.cpuUsage(before)
      samples.push((user + system) / 1000 / (performance.now() - begun))
    }
    return { samples }
  } finally {
    for (const rproc of remotes) await rproc.deinit()
  }
}
