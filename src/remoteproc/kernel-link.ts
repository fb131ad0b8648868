import type { Waits } from '../base/waits.js'
import { RpmsgDevice } from '../rpmsg/index.js'
import type { KernelRemote } from './kernel-machine.js'
import type { KnownLife } from './kernel-verdict.js'
import type { LifeOptions } from './life-options.js'
import type { Told } from './told.js'

/** The messages of one life, with what was known of it when they began. */
export interface KernelLinkUp extends KnownLife {
  readonly device: RpmsgDevice
  /** The kernel had these of crashes before this life. */
  readonly dumpsBefore: ReadonlySet<string>
}

/** Takes up the messages of a remote that a kernel has brought up. @param look as `KernelLink.onLost` */
export function takeUpLink(
  remote: KernelRemote,
  waits: Waits,
  { nsBind, nsUnbind }: LifeOptions['nameService'],
  told: Told,
  look: () => void,
): KernelLinkUp {
  // Before the link is opened: one that is of a later life is found out with the next look.
  const { life, asked } = remote
  const link = remote.openLink()
  const device = new RpmsgDevice(link.transport, { waits, acknowledge: false, nsBind, nsUnbind })
  device.events.observe((event) => told.emit(event))
  link.onLost = look
  link.onNote = (text) => told.emit({ type: 'note', text })
  const dumpsBefore = new Set(remote.dumps)
  return { device, life, asked, dumpsBefore }
}
