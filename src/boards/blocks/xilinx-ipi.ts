import type { BlockPlace, BlockType } from '../block.js'
import type { Device } from '../device.js'
import { CHANNEL_OF_NOTIFY_ID, MailboxState } from '../mailbox-state.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// Zynq UltraScale+ register reference (UG1087), module IPI: the registers of one agent.
const TRIG = 0x00
const OBS = 0x04
const ISR = 0x10
const IMR = 0x14
const IER = 0x18
const IDR = 0x1c

/** Agents by their bits; the host may be known to the remote as any but itself. */
const AGENTS = 0x0f0f_0301

const KICKS = CHANNEL_OF_NOTIFY_ID.reduce<number>((bits, channel) => bits | (1 << channel), 0)
const SHUTDOWN = 1 << 2
const DETACH = 1 << 3

/**
 * The remote's agent of the inter-processor interrupts. They say who interrupts, and no more: so the host's
 * kick of any ring is one interrupt, and the remote's kick one of every ring, for both ends look at all
 * of theirs. The host shows itself as each agent that the remote listens to, for images differ in whether
 * they know it as the APU or as one of the others; the first of them stands for kicks, and with two options
 * (`shutdown`, `detach`) others stand for its requests. The remote clears what it has dealt with.
 */
export class InterProcessorInterrupts implements Device {
  readonly #state: MailboxState
  readonly #unmodelled: UnmodelledRegisters
  readonly #changed: () => void
  readonly #doorbell: () => void
  readonly #hosts: number
  readonly #shutdown: number
  readonly #detach: number
  /** IMR the other way round: the agents whose interrupts come through. */
  #enabled = 0

  constructor(place: BlockPlace) {
    this.#state = new MailboxState(place.mailbox)
    this.#unmodelled = place.unmodelled
    this.#changed = place.linesChanged
    this.#doorbell = place.doorbell
    this.#hosts = place.option('hosts')
    this.#shutdown = place.option('shutdown')
    this.#detach = place.option('detach')
  }

  /** Resets the registers; what host and remote have to tell each other is their own affair. */
  reset(): void {
    this.#enabled = 0
    this.#unmodelled.reset()
  }

  get interrupt(): boolean {
    return (this.#status & this.#enabled) !== 0
  }

  load(offset: number, size: 1 | 2 | 4): number {
    if (size !== 4) return -1
    switch (offset) {
      case TRIG:
      case IER:
      case IDR:
        return 0
      case OBS:
        return this.#observed >>> 0
      case ISR:
        return this.#status >>> 0
      case IMR:
        return (AGENTS & ~this.#enabled) >>> 0
      default:
        return this.#unmodelled.load(offset)
    }
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    if (size !== 4) return false
    switch (offset) {
      case TRIG:
        if (value & this.#hosts) this.#kick()
        break
      case ISR:
        this.#clear(value)
        break
      case IER:
        this.#enabled |= value & AGENTS
        break
      case IDR:
        this.#enabled &= ~value
        break
      case OBS:
      case IMR:
        break // read-only
      default:
        this.#unmodelled.store(offset, value)
        return true
    }
    this.#changed()
    return true
  }

  #kick(): void {
    if (this.#state.kickHost(KICKS) !== KICKS) this.#doorbell()
  }

  /** The host has not seen the last kick yet. */
  get #observed(): number {
    return this.#state.towardsHost & KICKS ? this.#hosts : 0
  }

  /** The agents that the host interrupts as. */
  get #status(): number {
    const bits = this.#state.towardsRemote
    const kicked = bits & KICKS ? this.#listened : 0
    return kicked | (bits & SHUTDOWN ? this.#shutdown : 0) | (bits & DETACH ? this.#detach : 0)
  }

  /** Those that the remote listens to; the first where it does not listen yet. */
  get #listened(): number {
    return this.#hosts & this.#enabled || this.#hosts & -this.#hosts
  }

  #clear(agents: number): void {
    if (agents & this.#hosts) this.#state.clearByRemote(this.#state.towardsRemote & KICKS)
    if (agents & this.#shutdown) this.#state.clearByRemote(SHUTDOWN)
    if (agents & this.#detach) this.#state.clearByRemote(DETACH)
  }
}

export const xilinxIpiType: BlockType = {
  about: "mailbox with the registers of one agent of AMD's inter-processor interrupts (UG1087)",
  interrupts: ['interrupt'],
  // The APU, and the first of the programmable logic; two of the others of that.
  options: { hosts: 0x0100_0001, shutdown: 0x0200_0000, detach: 0x0400_0000 },
  mailbox: true,
  make: (place) => {
    const ipi = new InterProcessorInterrupts(place)
    return { device: ipi, lines: { interrupt: { high: () => ipi.interrupt } } }
  },
}
