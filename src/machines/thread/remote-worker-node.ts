import { parentPort, workerData } from 'node:worker_threads'
import { serve } from './serve.js'

// Kept open: what a remote waits for is no handle of the event loop. A thread that has only told
// about its module is ended by the host.
parentPort?.on('message', () => {})

await serve(
  workerData,
  (report) => parentPort?.postMessage(report),
  // A host that is stopped in a synchronous wait hears of no message.
  (control) => process.on('exit', () => control.setEnded()),
)
