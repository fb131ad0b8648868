import type { Clock } from '../base/clock.js'
import { OpenampError } from '../base/errors.js'
import { Waits } from '../base/waits.js'
import { readResourceTable, VIRTIO_ID_RPMSG } from '../firmware/index.js'
import type { AddressSpace } from '../memory/address-space.js'
import { RPMSG_BUFFER_SIZE, RpmsgDevice, VirtioRpmsgHost } from '../rpmsg/index.js'
import { TableVdev } from './vdev.js'

/** What a remote has around it that is the driver of rings between itself and another remote. */
export interface PeerOptions {
  /** The memory that the two share. */
  readonly space: AddressSpace
  /** Device address at which the table shall lie, where the other remote looks for it. */
  readonly tableAddress: number
  /**
   * The table (`buildResourceTable`): one RPMsg device, whose rings have their addresses in the shared
   * memory.
   */
  readonly table: Uint8Array
  /** Device address of the buffers: 512 bytes for each entry of both rings. */
  readonly buffers: number
  /** Tells the other remote that the ring of this notify id has changed. */
  readonly kick: (notifyId: number) => void
  readonly clock: Clock
  /** Told of an error that shows the other remote broken; the link is down then. */
  readonly onPeerFault?: (error: OpenampError) => void
}

/**
 * Brings up rings of their own between two remotes, without the host: this one is the driver, as the
 * host is towards a remote, and owns the buffers; the other one calls `resourceInit` with the same
 * table's address. Call the device's `poll` when the other one has kicked.
 * @throws ERR_RESOURCE_TABLE, ERR_MEMORY, ERR_NO_SPACE
 */
export function peerInit(options: PeerOptions): RpmsgDevice {
  const { space, tableAddress, buffers, kick, clock, onPeerFault } = options
  const what = 'the table of the link between two remotes'
  const entry = readResourceTable(options.table, what).vdevs.find(
    ({ id }) => id === VIRTIO_ID_RPMSG,
  )
  if (entry === undefined) {
    throw new OpenampError('ERR_RESOURCE_TABLE', `${what} has no RPMsg device`)
  }
  const table = space.locate('da', tableAddress, options.table.length, what)
  table.region.bytes.set(options.table, table.offset)
  const size = RPMSG_BUFFER_SIZE * entry.vrings.reduce((sum, { num }) => sum + num, 0)
  const pool = { ...space.locate('da', buffers, size, 'buffers between two remotes'), size }
  const transport = new VirtioRpmsgHost({
    transport: new TableVdev({ entry, table, space, kick }),
    pool,
  })
  return new RpmsgDevice(transport, {
    waits: new Waits(clock),
    ...(onPeerFault === undefined ? {} : { onPeerFault }),
  })
}
