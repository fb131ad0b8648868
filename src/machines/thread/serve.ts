import { spinTime } from '../../base/doorbell.js'
import { OpenampError } from '../../base/errors.js'
import { buildResourceTable } from '../../firmware/index.js'
import { CheckedBell } from './bell.js'
import { ControlBlock } from './control-block.js'
import type { RemoteDefinition } from './define-remote.js'
import { mapMemory, TABLE_ADDRESS } from './layout.js'
import type { Report, Task } from './link.js'
import { importRemote, RemoteRun } from './run-remote.js'

/**
 * Does in a thread of its own what the host wants of it.
 * @param onControl given what the host looks at, before the remote's program begins
 */
export async function serve(
  task: Task,
  post: (report: Report) => void,
  onControl: (control: ControlBlock) => void = () => {},
): Promise<void> {
  let definition: RemoteDefinition
  try {
    definition = await importRemote(task.url)
    if (task.type === 'describe') {
      post({ type: 'described', table: buildResourceTable(definition.resourceTable) })
      return
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    post({ type: 'unusable', reason })
    return
  }
  const control = new ControlBlock(task.control)
  onControl(control)
  const { space } = mapMemory(task.memory)
  const look = (): boolean => {
    if (control.reset) throw new OpenampError('ERR_STOPPED', 'the remote is put into reset')
    return control.shutdownRequested && run.requestShutdown()
  }
  const run = new RemoteRun(definition, {
    space,
    table: TABLE_ADDRESS,
    data: task.data,
    doorbell: new CheckedBell(control.toRemote, look),
    toHost: () => control.toHost.ring(),
    post,
  })
  control.toRemote.listen(spinTime(definition.wait), () => {
    if (control.reset) return
    run.rung()
    if (control.shutdownRequested) run.requestShutdown()
  })
  run.start()
}
