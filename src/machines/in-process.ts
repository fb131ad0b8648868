import { nextTask } from '#next-task'
import { type Clock, WallClock } from '../base/clock.js'
import { buildElf } from '../firmware/build-elf.js'
import { buildResourceTable, type EntrySpec } from '../firmware/index.js'
import { AddressSpace } from '../memory/address-space.js'
import { Region } from '../memory/region.js'
import type { Machine, Processor, ProcessorListener } from '../remoteproc/index.js'

/** What a remote of `inProcess` has around it. */
export interface InProcessRemote {
  readonly space: AddressSpace
  readonly clock: Clock
  /** Kicks the host. */
  kick(notifyId: number): void
  /** Set by the remote: called for each kick of the host's. */
  onKick: (notifyId: number) => void
  /** Set by the remote: called when the host asks it to come to an end. */
  onShutdownRequest: () => void
  /** Aborted when the host puts the remote into reset. */
  readonly reset: AbortSignal
}

export interface InProcessOptions {
  /**
   * More memory for the remote; one region can be given to several, and is where the carve-outs of
   * its name are.
   */
  readonly memory?: readonly Region[]
}

/** Where an image for `inProcess` can be loaded, and where rings and buffers are placed. */
export const inProcessMemory = {
  ram: { da: 0x8000_0000, size: 0x10_0000 },
  shared: { da: 0x1800_0000, size: 0x40_0000 },
} as const

/** Where `inProcessFirmware` puts the resource table. */
export const inProcessTable = inProcessMemory.ram.da + 0x1000

/**
 * An image for `inProcess`: no code, only a resource table, with one RPMsg device of two rings of 16
 * buffers unless entries are given.
 */
export function inProcessFirmware(entries?: readonly EntrySpec[]): Uint8Array {
  const ring = { num: 16, align: 16 }
  const table = buildResourceTable(
    entries ?? [{ kind: 'vdev', dfeatures: 1, vrings: [ring, ring] }],
  )
  const { da } = inProcessMemory.ram
  return buildElf({
    entry: da,
    segments: [
      { vaddr: da, data: new Uint8Array(16) },
      { vaddr: inProcessTable, data: table },
    ],
    sections: [{ name: '.resource_table', addr: inProcessTable, size: table.length }],
  })
}

/**
 * A remote that is a function in the host's own process, over real rings: for tests of programs that
 * talk to a remote, and of remotes written in TypeScript. What the function or its `onKick` throws is
 * a crash. The process is kept alive until the host puts the remote into reset.
 */
export function inProcess(
  main: (remote: InProcessRemote) => void | Promise<void>,
  options: InProcessOptions = {},
): Machine {
  return {
    kind: 'memory',
    name: 'a function in this process',
    open: async (listener) => new InProcessProcessor(main, listener, options.memory ?? []),
  }
}

class InProcessProcessor implements Processor {
  readonly architecture = undefined
  readonly pc = undefined
  readonly space: AddressSpace
  readonly shared: Region
  readonly carveouts: readonly Region[]
  readonly clock = new WallClock()
  readonly deterministic = false
  #running = false
  readonly #main: (remote: InProcessRemote) => void | Promise<void>
  readonly #listener: ProcessorListener
  #reset = new AbortController()
  #remote: InProcessRemote | undefined
  #keepAlive: ReturnType<typeof setInterval> | undefined

  constructor(
    main: (remote: InProcessRemote) => void | Promise<void>,
    listener: ProcessorListener,
    memory: readonly Region[],
  ) {
    this.#main = main
    this.#listener = listener
    const ram = new Region({ name: 'ram', ...inProcessMemory.ram })
    // Physical and device addresses differ, as they may on a board.
    const pa = inProcessMemory.shared.da + 0x2000_0000
    this.shared = new Region({ name: 'shared', ...inProcessMemory.shared, pa })
    this.carveouts = memory
    this.space = new AddressSpace([ram, this.shared, ...memory])
  }

  get running(): boolean {
    return this.#running
  }

  carries(): boolean {
    return true
  }

  start(): void {
    const reset = new AbortController()
    this.#reset = reset
    const remote: InProcessRemote = {
      space: this.space,
      clock: this.clock,
      reset: reset.signal,
      onKick: () => {},
      // Who does not set it has no way to be asked; the deadline of the shutdown resets it.
      onShutdownRequest: () => {},
      kick: (notifyId) => this.#later(reset.signal, () => this.#listener.kicked(notifyId)),
    }
    this.#remote = remote
    this.#running = true
    this.#keepAlive = setInterval(() => {}, 2 ** 30)
    this.#later(reset.signal, () => this.#run(remote, this.#main))
  }

  async stop(): Promise<void> {
    clearInterval(this.#keepAlive)
    this.#running = false
    this.#reset.abort()
  }

  kick(notifyId: number): void {
    const remote = this.#remote
    if (remote === undefined) return
    this.#later(remote.reset, () => this.#run(remote, () => remote.onKick(notifyId)))
  }

  requestShutdown(): void {
    const remote = this.#remote
    if (remote === undefined) return
    this.#later(remote.reset, () => this.#run(remote, () => remote.onShutdownRequest()))
  }

  wake(): void {}

  admit<T>(input: Promise<T>): Promise<T> {
    return input
  }

  async close(): Promise<void> {
    await this.stop()
  }

  /** Runs code of the remote's: where it fails, the remote has crashed, unless it was reset before. */
  async #run(
    remote: InProcessRemote,
    code: (remote: InProcessRemote) => void | Promise<void>,
  ): Promise<void> {
    try {
      await code(remote)
    } catch (error) {
      if (remote.reset.aborted) return
      const reason = error instanceof Error ? error.message : String(error)
      this.#listener.crashed(reason, { kind: 'fault' })
    }
  }

  /** Host and remote never call into each other; what one does, the other sees in its own task. */
  #later(signal: AbortSignal, action: () => void): void {
    void nextTask().then(() => {
      if (!signal.aborted) action()
    })
  }
}
