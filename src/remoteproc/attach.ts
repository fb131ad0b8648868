import { OpenampError } from '../base/errors.js'
import type { Waits } from '../base/waits.js'
import {
  type FirmwareImage,
  machineName,
  type ResourceTable,
  tableSection,
} from '../firmware/index.js'
import { VIRTIO_STATUS } from '../virtio/index.js'
import type { Link } from './links.js'
import { readLoadedTable } from './loaded-table.js'
import type { Machine, Processor, ProcessorListener } from './machine.js'

export interface DetachOptions {
  /**
   * Milliseconds of the machine's time within which the remote may acknowledge that its host goes;
   * 100 unless given. It is detached from after that all the same.
   */
  readonly deadline?: number
}

const DETACH_DEADLINE = 100

/**
 * The resource table in the memory of a remote that runs (get_loaded_rsc_table of Linux's drivers).
 * Addresses that stand in it are where the rings of its last host were.
 * @returns undefined where the remote has none
 * @throws ERR_RESOURCE_TABLE, ERR_MEMORY
 */
export function tableOfRunning(
  image: FirmwareImage,
  { space }: Processor,
  choice: { readonly address: number } | undefined,
): ResourceTable | undefined {
  const address = choice?.address ?? image.section(tableSection)?.addr
  if (address === undefined) return undefined
  const table = readLoadedTable(space, { address, name: image.name })
  // What the last host has left there is nothing to begin with.
  for (const entry of table.vdevs) {
    table.setStatus(entry, VIRTIO_STATUS.RESET)
    table.setGfeatures(entry, 0)
  }
  return table
}

/** What stands for the image of a remote that somebody else has started, where nobody has it. */
export function unknownImage({ architecture }: Pick<Processor, 'architecture'>): FirmwareImage {
  const { machine, bits } = architecture ?? { machine: 0, bits: 32 }
  return {
    format: 'none',
    name: 'running remote',
    bits,
    machine,
    machineName: machineName(machine),
    type: 0,
    typeName: 'unknown',
    entry: 0,
    flags: 0,
    segments: [],
    loadable: [],
    sections: [],
    findings: [],
    section: () => undefined,
    symbol: () => undefined,
    functionAt: () => undefined,
  }
}

/** Resets the devices of links that are given up, so that the remote sees its host go. */
export function resetDevices(links: readonly Link[]): void {
  for (const { vdev } of links) {
    vdev.status = VIRTIO_STATUS.RESET
    vdev.driverFeatures = 0
  }
}

/**
 * Tells the remote that its host goes, where the machine has a way to.
 * @param onAcknowledged is given what is to be called with the machine's answer
 * @returns whether the remote has answered before the deadline
 */
export async function sayGoodbye(
  processor: Processor,
  waits: Waits,
  { deadline = DETACH_DEADLINE }: DetachOptions,
  onAcknowledged: (acknowledged: () => void) => void,
): Promise<boolean> {
  if (processor.requestDetach === undefined || deadline === 0) return false
  const wait = waits.add<void>('shutdown', 'answer to the detach', { timeout: deadline })
  onAcknowledged(() => wait.resolve())
  processor.requestDetach()
  return wait.promise.then(
    () => true,
    () => false,
  )
}

/** Hands on what a processor says to whoever has the remote now. */
export class Relay implements ProcessorListener {
  target: ProcessorListener

  constructor(target: ProcessorListener) {
    this.target = target
  }

  kicked: ProcessorListener['kicked'] = (notifyId) => this.target.kicked(notifyId)
  shutdownAcknowledged = (): void => this.target.shutdownAcknowledged()
  detachAcknowledged = (): void => this.target.detachAcknowledged()
  progressed = (): void => this.target.progressed()
  idle = (): void => this.target.idle()
  exited = (): void => this.target.exited()
  crashed: ProcessorListener['crashed'] = (reason, fault) => this.target.crashed(reason, fault)
  console: ProcessorListener['console'] = (bytes) => this.target.console(bytes)
  note: ProcessorListener['note'] = (text) => this.target.note(text)
}

/**
 * A machine on which a remote runs already: what one host has detached from, for the next one to
 * attach to.
 */
export function handedOver(processor: Processor, relay: Relay): Machine {
  let taken = false
  return {
    kind: 'memory',
    name: 'a remote that runs already',
    open: async (listener) => {
      if (taken) throw new OpenampError('ERR_STATE', 'the remote was handed over to a host before')
      taken = true
      relay.target = listener
      return processor
    },
  }
}
