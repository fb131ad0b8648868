import { type RemoteThread, reportOf, type Task, type ThreadListener } from './link.js'

/** A dedicated worker of a browser that does `task`. */
export function spawnRemoteThread(task: Task, listener: ThreadListener): RemoteThread {
  const worker = new Worker(new URL('./remote-worker-web.js', import.meta.url), { type: 'module' })
  let over = false
  const ended = (reason: string): void => {
    if (over) return
    over = true
    listener.ended(reason)
  }
  worker.onmessage = (event: MessageEvent<unknown>) => {
    const report = reportOf(event.data)
    if (!over && report !== undefined) listener.report(report)
  }
  worker.onmessageerror = () => ended('a message of its thread could not be read')
  // Where the script cannot be fetched there is no message.
  worker.onerror = (event) => ended(event.message || 'its script could not be loaded')
  worker.postMessage(task)
  return {
    keepAlive: () => {},
    terminate: async () => {
      over = true
      worker.terminate()
    },
  }
}
