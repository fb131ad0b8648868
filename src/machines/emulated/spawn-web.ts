import type { BoardWorker, BoardWorkerListener, Report } from './board-link.js'

/** A board in a dedicated worker of a browser. */
export function spawnBoardWorker(listener: BoardWorkerListener): BoardWorker {
  const worker = new Worker(new URL('./board-worker-web.js', import.meta.url), { type: 'module' })
  worker.onmessage = (event: MessageEvent<Report>) => listener.report(event.data)
  worker.onmessageerror = () => listener.failed('a message of it could not be read')
  // Where the script cannot be fetched there is no message.
  worker.onerror = (event) => listener.failed(event.message || 'its script could not be loaded')
  return {
    post: (command) => worker.postMessage(command),
    keepAlive: () => {},
    terminate: async () => worker.terminate(),
  }
}
