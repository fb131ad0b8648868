import { Worker } from 'node:worker_threads'
import {
  describeError,
  type RemoteThread,
  reportOf,
  type Task,
  type ThreadListener,
} from './link.js'

/** Flags that say what the program is: a worker with them would be that, too, or be refused. */
const WHAT_RUNS = /^(-e|--eval|-p|--print|-pe|-i|--interactive|-c|--check|--input-type|--test)/
/** Flags of how modules are found and loaded: they are the remote's module's as well. */
const LOADERS =
  /^(--import|-r|--require|--loader|--experimental-loader|-C|--conditions|--preserve-symlinks)/

/**
 * What is to be said of the program's flags to a worker; nothing where it may have them all. Some, of the
 * engine's above all, can be inherited by a worker, and not be named to it.
 */
function flagsOf(all: readonly string[]): string[] | undefined {
  if (!all.some((flag) => WHAT_RUNS.test(flag))) return undefined
  // What a flag is given stands behind it, unless it stands behind a sign of equality.
  return all.filter((flag, i) => LOADERS.test(flag.startsWith('-') ? flag : (all[i - 1] ?? '')))
}

/** A worker thread of Node that does `task`. */
export function spawnRemoteThread(task: Task, listener: ThreadListener): RemoteThread {
  const execArgv = flagsOf(process.execArgv)
  const worker = new Worker(new URL('./remote-worker-node.js', import.meta.url), {
    workerData: task,
    ...(execArgv && { execArgv }),
  })
  let over = false
  const ended = (reason: string): void => {
    if (over) return
    over = true
    listener.ended(reason)
  }
  worker.on('message', (message: unknown) => {
    const report = reportOf(message)
    if (!over && report !== undefined) listener.report(report)
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
