import type { VirtioSlots } from './blocks/virtio-slots.js'
import type { Device, Ending, Line } from './device.js'
import type { UnmodelledRegisters } from './unmodelled.js'

/** What a block is given of the board around it. */
export interface BlockPlace {
  readonly unmodelled: UnmodelledRegisters
  /** Value of the type's option `name`: the description's, or the type's own. */
  option(name: string): number
  /** Hertz of the core's clock. */
  readonly cyclesPerSecond: number
  /** The core's clock. */
  cycle(): number
  /** An interrupt line may have changed. */
  linesChanged(): void
  /** The cycle at which a line rises by itself may have changed. */
  dueCycleChanged(): void
  /** A byte has been sent to the console. */
  send(byte: number): void
  /** The state of the board's mailbox, MAILBOX_WORDS long. */
  readonly mailbox: Int32Array
  /** The remote has kicked the host, or a device wants to be served: `Board.run` comes back. */
  doorbell(): void
  end(ending: Ending): void
}

/** A block of registers on its board. */
export interface Block {
  readonly device: Device
  /** Its interrupt lines, by the names that its type says. */
  readonly lines?: Readonly<Record<string, Line>>
  /** Lines that go to the core itself, not to the interrupt controller. */
  readonly coreLines?: Readonly<Partial<Record<CoreLine, Line>>>
  /** Of an interrupt controller: drives the line `number` of it. */
  setLine?(number: number, high: boolean): void
  /** Of a UART: a byte comes in over the line. */
  receive?(byte: number): void
  /**
   * Of a translation of addresses between the core and the system: where an access to `address` goes, which
   * may be beyond 32 bits; undefined where it does not leave the core's surroundings.
   */
  translate?(address: number): number | undefined
  /** Of slots that devices can be plugged into. */
  readonly slots?: VirtioSlots
  /** Of a timer: the time that the `time` CSR shows. */
  time?(): number | bigint
}

/** The interrupt lines of a RISC-V hart (`mip`); of a Cortex-R there are IRQ (`external`) and FIQ (`fast`). */
export type CoreLine = 'software' | 'timer' | 'external' | 'fast'

/** A kind of block: what a description can say of it, and how one is made. */
export interface BlockType {
  /** In one line, with its source. */
  readonly about: string
  /** Names of the interrupt lines that a description gives numbers to. */
  readonly interrupts?: readonly string[]
  /** It is the mailbox between remote and host, of which a board has one at most. */
  readonly mailbox?: true
  /** It translates addresses, of which a board has one at most. */
  readonly translation?: true
  /** Options with their values where the description says nothing. */
  readonly options?: Readonly<Record<string, number>>
  make(place: BlockPlace): Block
}
