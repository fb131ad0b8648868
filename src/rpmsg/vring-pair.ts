import { OpenampError } from '../base/errors.js'
import type { TransportQueue, VirtioTransport } from '../virtio/index.js'

/**
 * The two queues of an RPMsg device: vring 0 carries remote → host, vring 1 host → remote.
 * @throws ERR_RESOURCE_TABLE where there are fewer
 */
export function vringPair(transport: VirtioTransport): readonly [TransportQueue, TransportQueue] {
  const [toHost, toRemote] = transport.queues
  if (toHost === undefined || toRemote === undefined) {
    throw new OpenampError(
      'ERR_RESOURCE_TABLE',
      `an RPMsg device needs 2 vrings, this one has ${transport.queues.length}`,
    )
  }
  return [toHost, toRemote]
}
