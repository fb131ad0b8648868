/** A worker thread that takes messages, or sends every one back. */
import { parentPort } from 'node:worker_threads'
import { LAST } from './ring-protocol.js'

let echo = false
let sum = 0

parentPort?.on('message', (data: Uint8Array | string) => {
  if (typeof data === 'string') {
    echo = data === 'echo'
    return
  }
  if (echo) {
    parentPort?.postMessage(data)
    return
  }
  sum += data[data.length - 1] ?? 0
  if (data[0] === LAST) parentPort?.postMessage(`done ${sum}`)
})
