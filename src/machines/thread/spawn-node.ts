import { Worker } from 'node:worker_threads'
import {
  describeError,
  type RemoteThread,
  type Report,
  type Task,
  type ThreadListener,
} from './link.js'

/** Flags of the program that say what it is itself; those of its loaders are the module's as well. */
const WHAT_RUNS = /^(-e|--eval|-p|--print|-pe|-i|--interactive|-c|--check|--input-type|--test)/

/** A worker thread of Node that does `task`. */
export function spawnRemoteThread(task: Task, listener: ThreadListener): RemoteThread {
  const execArgv = process.execArgv.filter(
    (flag, i, all) =>
      flag.startsWith('-') === !WHAT_RUNS.test(flag) || !WHAT_RUNS.test(all[i - 1] ?? ''),
  )
  const worker = new Worker(new URL('./remote-worker-node.js', import.meta.url), {
    workerData: task,
    execArgv,
  })
  let over = false
  const ended = (reason: string): void => {
    if (over) return
    over = true
    listener.ended(reason)
  }
  worker.on('message', (report: Report) => {
    if (!over) listener.report(report)
  })
  worker.on('error', (error) => ended(`uncaught ${describeError(error)}`))
  worker.on('exit', (code) => ended(`its thread ended with code ${code}, as process.exit does it`))
  return {
    keepAlive: (on) => {
      if (on) worker.ref()
      else worker.unref()
    },
    terminate: async () => {
      over = true
      await worker.terminate()
    },
  }
}
