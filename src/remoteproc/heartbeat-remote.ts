import type { Channel, RpmsgDevice } from '../rpmsg/index.js'
import { HEARTBEAT_CHANNEL } from './heartbeat.js'

/**
 * The remote's end of a heartbeat, for remotes in TypeScript: announces a channel on which every
 * message is sent back. To be called for each link that comes up.
 */
export function answerHeartbeat(device: RpmsgDevice, name: string = HEARTBEAT_CHANNEL): Channel {
  const channel = device.announce(name)
  // Without waiting: a beat that is lost for want of a buffer is one that the host misses.
  channel.onMessage((message) => channel.endpoint.trySendTo(message.data, message.source))
  return channel
}
