import { parentPort } from 'node:worker_threads'
import { serveBoard } from './board-thread.js'

parentPort?.on(
  'message',
  serveBoard((report) => parentPort?.postMessage(report)),
)
