import type { FirmwareImage } from '../firmware/index.js'
import { type CoredumpOptions, writeDump } from './coredump.js'
import type { RemoteprocEvent, Untimed } from './events.js'
import type { KernelRemote } from './kernel-machine.js'

/** Takes the coredumps that a kernel keeps to where they shall be. */
export class KernelDumps {
  readonly #options: CoredumpOptions | undefined
  readonly #emit: (event: Untimed<RemoteprocEvent>) => void
  #taking: Promise<void> = Promise.resolve()
  #looking = false
  #again = false

  constructor(
    options: CoredumpOptions | undefined,
    emit: (event: Untimed<RemoteprocEvent>) => void,
  ) {
    this.#options = options
    this.#emit = emit
  }

  /**
   * Takes what there is.
   * @param onFound there is one of this name: the remote has crashed, in this life or before it
   */
  async look(
    remote: KernelRemote,
    image: FirmwareImage,
    onFound: (name: string) => void,
  ): Promise<void> {
    if (this.#options === undefined) return
    this.#again = true
    if (this.#looking) return
    this.#looking = true
    this.#taking = this.#takeAll(this.#options, remote, image, onFound).finally(() => {
      this.#looking = false
    })
    await this.#taking
  }

  async written(): Promise<void> {
    await this.#taking
  }

  async #takeAll(
    options: CoredumpOptions,
    remote: KernelRemote,
    image: FirmwareImage,
    onFound: (name: string) => void,
  ): Promise<void> {
    while (this.#again) {
      this.#again = false
      try {
        const dump = await remote.takeCoredump()
        if (dump === undefined) continue
        onFound(dump.name)
        // While the kernel has one it throws away what comes; but inline it waits, as it was asked to.
        if (options.mode !== 'inline') await dump.release()
        try {
          await this.#write(options, image, dump.bytes)
        } finally {
          if (options.mode === 'inline') await dump.release()
        }
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        this.#emit({ type: 'note', text: `the coredump could not be written: ${why}` })
      }
    }
  }

  async #write(options: CoredumpOptions, image: FirmwareImage, bytes: Uint8Array): Promise<void> {
    const crash = { reason: 'the kernel has found it crashed', kind: 'failure' } as const
    const pieces = (): Iterable<Uint8Array> => [bytes]
    await writeDump(options, { firmware: image.name, crash, size: bytes.length, pieces })
    this.#emit({ type: 'coredump', size: bytes.length })
  }
}
