import { nextTask } from '#next-task'
import { buildResourceTable } from '../../firmware/index.js'
import type { Machine, ProcessorListener } from '../../remoteproc/index.js'
import { type InProcessRemote, inProcess } from '../in-process.js'
import { imageStore, TABLE_ADDRESS } from './layout.js'
import { nameOf, type Report, tell } from './link.js'
import { importRemote, RemoteRun } from './run-remote.js'

const why =
  'the page is not cross-origin isolated (headers Cross-Origin-Opener-Policy and ' +
  'Cross-Origin-Embedder-Policy), so memory cannot be shared'

/**
 * A module's remote in the host's own thread. It is imported once, for all lives: what it keeps outside
 * `main` it keeps from one to the next.
 * @param forced nobody has chosen that: the host is told why
 */
export function pageMachine(url: string, data: unknown, forced: boolean): Machine {
  const name = `${nameOf(url)} in this thread`
  const note = `${name}${forced ? `: ${why}` : ''}`
  return {
    kind: 'memory',
    name,
    firmware: imageStore(nameOf(url), async () =>
      buildResourceTable((await importRemote(url)).resourceTable),
    ),
    open: (listener) =>
      inProcess(async (remote) => {
        listener.note(note)
        await run(remote, url, data, listener)
      }).open(listener),
  }
}

async function run(
  remote: InProcessRemote,
  url: string,
  data: unknown,
  listener: ProcessorListener,
): Promise<void> {
  const { space, reset } = remote
  const definition = await importRemote(url)
  const post = (report: Report): void => {
    // The host is never called from within a call of its own.
    void nextTask().then(() => {
      if (!reset.aborted) tell(listener, report)
    })
  }
  const life = new RemoteRun(definition, {
    space,
    table: TABLE_ADDRESS,
    data,
    toHost: () => remote.kick(0),
    post,
    reset,
  })
  remote.onKick = () => life.rung()
  remote.onShutdownRequest = () => {
    life.requestShutdown()
  }
  life.start()
}
