import { VirtualClock } from '../../src/base/clock.js'
import { AddressSpace } from '../../src/memory/address-space.js'
import { Region } from '../../src/memory/region.js'
import type { Machine, Processor, ProcessorListener } from '../../src/remoteproc/index.js'

export const RAM = { name: 'ram', da: 0x8000_0000, size: 0x1_0000 }
export const SHARED = { name: 'shared', da: 0x1800_0000, pa: 0x3800_0000, size: 0x2_0000 }

/** What of a processor's memory is not as usual. */
export interface PlayedMemory {
  readonly shared?: Region
  readonly carveouts?: readonly Region[]
  readonly renumbers?: boolean
}

/** A processor that does nothing by itself: the test looks at its memory and plays the remote. */
export class PlayedProcessor implements Processor {
  readonly architecture = undefined
  readonly pc = undefined
  readonly shared: Region
  readonly ram = new Region(RAM)
  readonly renumbers: boolean
  readonly carveouts: readonly Region[]
  readonly space: AddressSpace
  readonly clock = new VirtualClock()
  readonly deterministic = true
  /** What the host has done, in order: "start 0x80000000", "kick 0", "request", "stop", "close". */
  readonly calls: string[] = []
  /** Called at each of them, to look at memory at that moment. */
  onCall: (call: string) => void = () => {}
  readonly listener: ProcessorListener
  readonly #ids: number

  constructor(listener: ProcessorListener, memory: PlayedMemory = {}, ids = 4) {
    this.shared = memory.shared ?? new Region(SHARED)
    this.carveouts = memory.carveouts ?? []
    this.renumbers = memory.renumbers ?? false
    this.space = new AddressSpace([this.ram, this.shared, ...this.carveouts])
    this.listener = listener
    this.#ids = ids
  }

  carries(notifyId: number): boolean {
    return notifyId < this.#ids
  }

  start(entry: number): void {
    this.#call(`start 0x${entry.toString(16)}`)
  }

  async stop(): Promise<void> {
    this.#call('stop')
  }

  kick(notifyId: number): void {
    this.#call(`kick ${notifyId}`)
  }

  requestShutdown(): void {
    this.#call('request')
  }

  wake(): void {}

  admit<T>(input: Promise<T>): Promise<T> {
    return input
  }

  async close(): Promise<void> {
    this.#call('close')
  }

  #call(call: string): void {
    this.calls.push(call)
    this.onCall(call)
  }
}

/** A machine that opens one `PlayedProcessor` and remembers it. */
export class PlayedMachine implements Machine {
  readonly kind = 'memory'
  readonly name = 'played by a test'
  readonly #memory: PlayedMemory
  #processor: PlayedProcessor | undefined

  constructor(memory: PlayedMemory = {}) {
    this.#memory = memory
  }

  get processor(): PlayedProcessor {
    if (this.#processor === undefined) throw new Error('the machine was not opened')
    return this.#processor
  }

  async open(listener: ProcessorListener): Promise<Processor> {
    this.#processor = new PlayedProcessor(listener, this.#memory)
    return this.#processor
  }
}
