import type { RemoteThread, Report, Task, ThreadListener } from './link.js'

/** A dedicated worker of a browser that does `task`. */
export function spawnRemoteThread(task: Task, listener: ThreadListener): RemoteThread {
  const worker = new Worker(new URL('./remote-worker-web.js', import.meta.url), { type: 'module' })
  worker.onmessage = (event: MessageEvent<Report>) => listener.report(event.data)
  worker.onmessageerror = () => listener.ended('a message of its thread could not be read')
  // Where the script cannot be fetched there is no message.
  worker.onerror = (event) => listener.ended(event.message || 'its script could not be loaded')
  worker.postMessage(task)
  return {
    keepAlive: () => {},
    terminate: async () => worker.terminate(),
  }
}
