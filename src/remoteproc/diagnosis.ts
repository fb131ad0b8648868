import { hex, OpenampError } from '../base/errors.js'
import { type FirmwareImage, printable } from '../firmware/index.js'
import type { Announcement, RpmsgDevice } from '../rpmsg/index.js'
import { type RingStats, VIRTIO_STATUS } from '../virtio/index.js'
import type { KernelRemote } from './kernel-machine.js'
import type { Link } from './links.js'

/**
 * How far a remote and its links have come, in lines for a person: where the core is, what status and
 * features say, what went through each ring. For a link on which nothing happens.
 */
export function diagnose(
  image: FirmwareImage,
  pc: number | undefined,
  links: readonly Link[],
): readonly string[] {
  const lines: string[] = []
  if (pc !== undefined) {
    const place = image.functionAt(pc)
    const where = place === undefined ? '' : ` (${printable(place.name)}+${hex(place.offset)})`
    lines.push(`the core is at pc ${hex(pc, 8)}${where}`)
  }
  for (const { vdev, device } of links) {
    const { status, entry, deviceFeatures, driverFeatures } = vdev
    lines.push(
      `vdev ${entry.vdev}: status ${hex(status, 2)} (${statusNames(status)}), ` +
        `features offered ${hex(deviceFeatures)}, accepted ${hex(driverFeatures)}`,
    )
    const { sent, received, dropped, rxHeld, sendersWaiting, rings } = device.stats
    vdev.queues.forEach((queue, index) => {
      const { availIdx, usedIdx } = queue.ring()
      lines.push(`vring ${index} of vdev ${entry.vdev}: ${ringStory(index, availIdx, usedIdx)}`)
      const ring = rings[index]
      if (ring !== undefined) lines.push(`  ${kickStory(ring)}`)
    })
    lines.push(
      `messages: ${sent} sent, ${received} received, ${dropped} dropped; ` +
        `${rxHeld} receive buffers held, ${sendersWaiting} senders waiting`,
    )
  }
  return lines
}

/** Indices count since boot, modulo 65536. */
function ringStory(index: number, availIdx: number, usedIdx: number): string {
  if (index === 0) {
    const story = usedIdx === 0 ? 'it has sent nothing' : `it has sent ${usedIdx} messages`
    return `${availIdx} buffers offered to the remote, ${story}`
  }
  if (index === 1) return `${availIdx} messages sent, ${usedIdx} taken by the remote`
  return `avail.idx ${availIdx}, used.idx ${usedIdx}`
}

function kickStory(ring: RingStats): string {
  const { kicksSent, kicksSuppressed, notificationsReceived, inFlight, oldestAge } = ring
  const received = notificationsReceived === undefined ? '' : `, ${notificationsReceived} received`
  const age = oldestAge === undefined ? '' : `, the oldest for ${(oldestAge / 1e6).toFixed(3)} ms`
  const kicks = `kicks: ${kicksSent} sent, ${kicksSuppressed} spared${received}`
  return `${kicks}; ${inFlight} buffers in flight${age}`
}

function statusNames(status: number): string {
  const names = Object.entries(VIRTIO_STATUS)
    .filter(([, bit]) => bit !== 0 && (status & bit) !== 0)
    .map(([name]) => name)
  return names.join(', ') || 'reset'
}

/** What whoever waits for `what` is told of a remote that will do nothing more by itself. */
export function idleForEver(what: string, announcements: readonly Announcement[]): OpenampError {
  const announced = announcements.map(({ name }) => name).join(', ') || 'nothing'
  return new OpenampError(
    'ERR_IDLE',
    `no ${what}: the remote is idle for ever (it waits for an interrupt, and no timer is armed); it has announced ${announced}`,
  )
}

/** The same of a remote whose host is a kernel, as far as that tells. */
export function diagnoseKernel(
  remote: KernelRemote,
  links: readonly { readonly device: RpmsgDevice }[],
): readonly string[] {
  const lines = [`the kernel says that ${remote.name} is ${remote.state}`]
  for (const { device } of links) {
    const { sent, received, dropped, sendersWaiting } = device.stats
    const counts = `${sent} sent, ${received} received, ${dropped} dropped`
    lines.push(`messages: ${counts}; ${sendersWaiting} senders waiting`)
  }
  return lines
}
