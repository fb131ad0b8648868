import { pathToFileURL } from 'node:url'
import { isRemoteDefinition } from '../thread/define-remote.js'
import type { Report } from '../thread/link.js'
import { RemoteRun } from '../thread/run-remote.js'
import { SPAWNED } from './place-node.js'
import { connectHost, type RemoteEnd } from './remote-end-node.js'

// What `process({ module })` spawns: it runs the module, and the remote that it defines, if it does.

/** In a process of its own the system tells how it ends, and its output is the console. */
function report(end: RemoteEnd, report: Report): void {
  switch (report.type) {
    case 'console':
      process.stdout.write(report.text)
      break
    case 'note':
      process.stderr.write(`${report.text}\n`)
      break
    case 'exited':
      process.exit(0)
      break
    case 'crashed':
      process.stderr.write(`${report.reason}\n`, () => process.exit(1))
      break
    case 'shutdown acknowledged':
      end.acknowledge()
      end.close()
  }
}

const [, , path = ''] = process.argv
// The module sees the arguments that it would have alone.
process.argv.splice(1, 1)
const { default: definition }: { readonly default?: unknown } = await import(
  pathToFileURL(path).href
)
if (isRemoteDefinition(definition)) {
  const { wait, coalesce } = definition
  const end = await connectHost({
    wait,
    coalesce,
    observer: (event) => {
      if (event.type === 'lost') process.stderr.write(`the host: ${event.reason.message}\n`)
    },
  })
  const { [SPAWNED.DATA]: data } = process.env
  const run = new RemoteRun(definition, {
    space: end.space,
    table: end.tableAddress,
    data: data === undefined ? undefined : JSON.parse(data),
    ...(end.waiting.doorbell && { doorbell: end.waiting.doorbell }),
    toHost: end.kick,
    post: (message) => report(end, message),
    reset: end.reset,
  })
  end.onKick = () => run.rung()
  end.onShutdown = () => void run.requestShutdown()
  run.start()
}
