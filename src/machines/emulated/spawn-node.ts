import { Worker } from 'node:worker_threads'
import type { BoardWorker, BoardWorkerListener, Report } from './board-link.js'

/** A board in a worker thread of Node. */
export function spawnBoardWorker(listener: BoardWorkerListener): BoardWorker {
  // The program's own flags (its loaders, what it was evaluated from) are none of the worker's.
  const worker = new Worker(new URL('./board-worker-node.js', import.meta.url), { execArgv: [] })
  worker.on('message', (report: Report) => listener.report(report))
  worker.on('messageerror', (error) => listener.failed(error.message))
  worker.on('error', (error) => listener.failed(describe(error)))
  worker.on('exit', (code) => listener.failed(`it ended with code ${code}`))
  return {
    post: (command) => worker.postMessage(command),
    keepAlive: (on) => {
      if (on) worker.ref()
      else worker.unref()
    },
    terminate: async () => {
      await worker.terminate()
    },
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
