import type { BlockPlace, BlockType } from '../block.js'
import type { Device } from '../device.js'
import { CHANNEL_OF_NOTIFY_ID, MailboxState } from '../mailbox-state.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// i.MX 8M reference manuals, "Messaging Unit", side B.
const TR = 0x00
const RR = 0x10
const SR = 0x20
const CR = 0x24
/** Message registers in each direction, a word each. */
const REGISTERS = 4

/** Fields of SR and CR with a bit for each register, that of register 0 the highest. */
const GENERAL = 31
const RECEIVE_FULL = 27
const TRANSMIT_EMPTY = 23
const GENERAL_REQUEST = 19

const TRANSMIT_EMPTY_BITS = 0xf << (TRANSMIT_EMPTY - 3)
const CR_BITS = 0xfff0_0007 | 0

/** A message is the number of a ring in its upper half (RPMsg-Lite, Linux's imx_rproc). */
const RING_SHIFT = 16
const MESSAGE_BITS = CHANNEL_OF_NOTIFY_ID.reduce<number>(
  (bits, channel) => bits | (1 << channel),
  0,
)

/** Channels without a ring: the host asks the remote to shut down, or detaches. */
const SHUTDOWN_CHANNEL = 2
const DETACH_CHANNEL = 3
const GENERAL_0 = 1 << GENERAL
const GENERAL_1 = 1 << (GENERAL - 1)

/**
 * The remote's side of NXP's messaging unit. The host's kick of ring n is the message n << 16 in one
 * of the receive registers; kicks that come before it is read wait behind it. The remote's kick is
 * such a message in the transmit register of the same number, which the host takes at once. The
 * host's request to shut down is general-purpose interrupt 0, its detaching interrupt 1; the remote
 * clears them when it has done so.
 */
export class MessagingUnit implements Device {
  readonly #state: MailboxState
  readonly #unmodelled: UnmodelledRegisters
  readonly #changed: () => void
  readonly #doorbell: () => void
  readonly #register: number
  #cr = 0
  #last = 0

  constructor(place: BlockPlace) {
    this.#state = new MailboxState(place.mailbox)
    this.#unmodelled = place.unmodelled
    this.#changed = place.linesChanged
    this.#doorbell = place.doorbell
    this.#register = place.option('register') % REGISTERS
  }

  /** Resets the registers; what host and remote have to tell each other is their own affair. */
  reset(): void {
    this.#cr = this.#last = 0
    this.#unmodelled.reset()
  }

  get interrupt(): boolean {
    // GIE, RIE and TIE are where GIP, RF and TE are; below them there is nothing in common.
    return (this.#status & this.#cr & (-1 << (TRANSMIT_EMPTY - 3))) !== 0
  }

  load(offset: number, size: 1 | 2 | 4): number {
    if (size !== 4) return -1
    if (offset >= RR && offset < RR + 4 * REGISTERS) {
      return (offset - RR) >>> 2 === this.#register ? this.#receive() : 0
    }
    switch (offset) {
      case SR:
        return this.#status >>> 0
      case CR:
        return this.#cr >>> 0
      default:
        return offset < TR + 4 * REGISTERS ? 0 : this.#unmodelled.load(offset)
    }
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    if (size !== 4) return false
    if (offset === TR + 4 * this.#register) {
      const channel = CHANNEL_OF_NOTIFY_ID[value >>> RING_SHIFT]
      const kick = channel === undefined ? 0 : 1 << channel
      if (kick !== 0 && this.#state.kickHost(kick) !== kick) this.#doorbell()
      return true
    }
    switch (offset) {
      case SR:
        if (value & GENERAL_0) this.#state.clearByRemote(1 << SHUTDOWN_CHANNEL)
        if (value & GENERAL_1) this.#state.clearByRemote(1 << DETACH_CHANNEL)
        break
      case CR:
        // The host looks at no general-purpose interrupt of the remote's: it is as if it were fast.
        this.#cr = value & CR_BITS & ~(0xf << (GENERAL_REQUEST - 3))
        break
      default:
        this.#unmodelled.store(offset, value)
        return true
    }
    this.#changed()
    return true
  }

  get #status(): number {
    const bits = this.#state.towardsRemote
    const message = bits & MESSAGE_BITS ? 1 << (RECEIVE_FULL - this.#register) : 0
    const shutdown = bits & (1 << SHUTDOWN_CHANNEL) ? GENERAL_0 : 0
    const detach = bits & (1 << DETACH_CHANNEL) ? GENERAL_1 : 0
    return message | shutdown | detach | TRANSMIT_EMPTY_BITS
  }

  /** The message in the receive register, which is free with that. */
  #receive(): number {
    const bits = this.#state.towardsRemote
    const ring = CHANNEL_OF_NOTIFY_ID.findIndex((channel) => (bits & (1 << channel)) !== 0)
    const channel = CHANNEL_OF_NOTIFY_ID[ring]
    if (channel === undefined) return this.#last
    this.#state.clearByRemote(1 << channel)
    this.#last = (ring << RING_SHIFT) >>> 0
    this.#changed()
    return this.#last
  }
}

export const muType: BlockType = {
  about: "mailbox with the registers of NXP's messaging unit, side B (i.MX 8M reference manuals)",
  interrupts: ['interrupt'],
  options: { register: 1 },
  mailbox: true,
  make: (place) => {
    const unit = new MessagingUnit(place)
    return { device: unit, lines: { interrupt: { high: () => unit.interrupt } } }
  },
}
