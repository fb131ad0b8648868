import type { PartName } from './parts/index.js'
import type { RegisterOverride } from './unmodelled.js'

/**
 * A board as data. Numbers are bytes, addresses and hertz; the same, with addresses as hexadecimal
 * strings if one likes, is what a board's JSON file holds (docs/boards.md).
 */
export interface BoardDescription {
  readonly name: string
  /** What it is, in one line. */
  readonly about: string
  readonly core: CoreDescription
  /** Hertz; one instruction is executed a cycle. */
  readonly clock: number
  /** The first one is what the core reaches fastest: where code and data are. */
  readonly memory: readonly [MemoryDescription, ...MemoryDescription[]]
  /**
   * Milliseconds that the remote runs before the host sets its rings up, as where Linux is the host;
   * none unless given. For images that write to the rings' place as they begin.
   */
  readonly headStart?: number
  /**
   * The host numbers the rings' notify ids from 0 on, as Linux does, whatever the table says. For images
   * that count on Linux.
   */
  readonly renumbers?: true
  /** Which memory rings and buffers are taken from when the resource table leaves their place open. */
  readonly shared: string
  /** Device registers. Where two overlap, the first answers. */
  readonly blocks: readonly BlockDescription[]
}

export interface CoreDescription {
  readonly part: PartName
  /** External interrupts of a Cortex-M. */
  readonly interrupts?: number
  /** Bits of an interrupt priority of a Cortex-M. */
  readonly priorityBits?: number
  /** Where a Cortex-M finds its vector table at reset; 0 unless given. */
  readonly vectors?: number
  /** A Cortex-M with the Security Extension whose software is all in the Secure state. */
  readonly secure?: boolean
  /** Hertz of a Cortex-M's SysTick where it does not count the core's clock; none unless given. */
  readonly referenceClock?: number
}

export interface MemoryDescription {
  readonly name: string
  /** Device address; a multiple of 4096. */
  readonly base: number
  /** Bytes; a multiple of 4096. */
  readonly size: number
  /** Further device addresses at which the same memory is. */
  readonly aliases?: readonly number[]
}

/** A block of device registers. Which interrupts and options it has is a matter of its type. */
export interface BlockDescription {
  /** One of the block types (src/boards/blocks/index.ts). */
  readonly type: string
  /** For messages: "USART3". */
  readonly name: string
  readonly base: number
  readonly size: number
  /** Further device addresses at which the same registers are. */
  readonly aliases?: readonly number[]
  /** The numbers of its interrupt lines at the interrupt controller; one that is left out leads nowhere. */
  readonly interrupts?: Readonly<Record<string, number>>
  readonly options?: Readonly<Record<string, number>>
  /** It is reached only through the translation of addresses (`ti-rat`), at addresses of the system. */
  readonly translated?: true
  /** What is known of registers that the type does not model, or models otherwise. */
  readonly overrides?: readonly RegisterOverride[]
}
