/** A worker thread that sends every message back. */
import { parentPort } from 'node:worker_threads'

parentPort?.on('message', (data: Uint8Array) => parentPort?.postMessage(data))
