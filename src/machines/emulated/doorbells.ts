import { CHANNEL_OF_NOTIFY_ID } from '../../boards/mailbox-state.js'

/** Host → remote: request to shut down; the remote clears it when it has done so. */
export const SHUTDOWN_BIT = 1 << 2

/** Host → remote: the host goes; the remote clears it when that is understood. */
export const DETACH_BIT = 1 << 3

/** The channel bit that carries a kick of `notifyId`, 0 where none does. */
export function doorbellBit(notifyId: number): number {
  const channel = CHANNEL_OF_NOTIFY_ID[notifyId]
  return channel === undefined ? 0 : 1 << channel
}

/** Calls `kicked` for each notify id whose bit is set. */
export function eachNotifyId(bits: number, kicked: (notifyId: number) => void): void {
  CHANNEL_OF_NOTIFY_ID.forEach((channel, notifyId) => {
    if ((bits & (1 << channel)) !== 0) kicked(notifyId)
  })
}
