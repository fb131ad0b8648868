import { WallClock } from '../../base/clock.js'
import { OpenampError } from '../../base/errors.js'
import type { AddressSpace } from '../../memory/address-space.js'
import type { Region } from '../../memory/region.js'
import type { ImageKind, Processor, ProcessorListener } from '../../remoteproc/index.js'
import type { Libc } from '../native/libc-node.js'
import { DETACH_BIT, doorbellBit, eachNotifyId, SHUTDOWN_BIT } from './bytes.js'
import type { QemuDescription } from './description.js'
import { MachineMemory } from './machine-memory-node.js'
import { type QemuEnd, QemuProcess } from './qemu-process-node.js'

/** Trace buffers are looked at so often while a remote runs: nobody rings for them. */
const LOOK_MS = 50

/** A remote on a machine of QEMU's: a process for each of its lives. */
export class QemuProcessor implements Processor {
  readonly architecture: ImageKind
  readonly pc = undefined
  readonly space: AddressSpace
  readonly shared: Region
  readonly clock = new WallClock()
  readonly deterministic = false
  readonly #libc: Libc
  readonly #program: string
  readonly #description: QemuDescription
  readonly #listener: ProcessorListener
  readonly #memory: MachineMemory
  #life: QemuProcess | undefined

  constructor(
    libc: Libc,
    program: string,
    description: QemuDescription,
    listener: ProcessorListener,
  ) {
    this.#libc = libc
    this.#program = program
    this.#description = description
    this.#listener = listener
    this.#memory = new MachineMemory(libc, description)
    this.architecture = description.architecture
    this.space = this.#memory.space
    this.shared = this.#memory.shared
  }

  /** Of QEMU, while there is one. */
  get pid(): number | undefined {
    return this.#life?.pid
  }

  carries(notifyId: number): boolean {
    return doorbellBit(notifyId) !== 0
  }

  start(entry: number): void {
    if (this.#life !== undefined) {
      throw new OpenampError('ERR_STATE', 'QEMU has not left its last life yet')
    }
    const look = setInterval(() => this.#listener.progressed(), LOOK_MS)
    const life = new QemuProcess(
      this.#libc,
      this.#program,
      this.#description,
      this.#memory,
      entry,
      {
        rung: (channels) => {
          if (this.#life === life) this.#rung(channels)
        },
        console: (bytes) => {
          if (this.#life === life) this.#listener.console(bytes)
        },
        ended: (end) => {
          clearInterval(look)
          if (this.#life === life) this.#ended(end)
        },
      },
    )
    this.#life = life
  }

  async stop(): Promise<void> {
    const life = this.#life
    if (life === undefined) return
    this.#life = undefined
    life.kill()
    await life.ended
  }

  kick(notifyId: number): void {
    this.#life?.ring(doorbellBit(notifyId))
  }

  requestShutdown(): void {
    this.#life?.ring(SHUTDOWN_BIT)
  }

  requestDetach(): void {
    this.#life?.ring(DETACH_BIT)
  }

  wake(): void {}

  admit<T>(input: Promise<T>): Promise<T> {
    return input
  }

  async close(): Promise<void> {
    await this.stop()
    this.#memory.close()
  }

  #rung(channels: number): void {
    this.#listener.progressed()
    eachNotifyId(channels, (notifyId) => this.#listener.kicked(notifyId))
    if ((channels & SHUTDOWN_BIT) !== 0) this.#listener.shutdownAcknowledged()
    if ((channels & DETACH_BIT) !== 0) this.#listener.detachAcknowledged()
  }

  #ended(end: QemuEnd): void {
    this.#life = undefined
    if (end.kind === 'failed') this.#listener.crashed(end.reason, { kind: 'machine' })
    else if (end.code === 0) this.#listener.exited()
    else this.#listener.crashed(`firmware ended with code ${end.code}`, { kind: 'failure' })
  }
}
