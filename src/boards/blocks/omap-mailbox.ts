import type { BlockPlace, BlockType } from '../block.js'
import type { Device, Ending } from '../device.js'
import { CHANNEL_OF_NOTIFY_ID, MailboxState } from '../mailbox-state.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// TI's AM62x technical reference manual (SPRUIV7), "Mailbox": names as there.
const SYSCONFIG = 0x010
const MESSAGE = 0x040
const FIFO_STATUS = 0x080
const MSG_STATUS = 0x0c0
const IRQ = 0x100
const IRQ_EOI = 0x140
/** Of a user's registers, from the start of his 16 bytes. */
const IRQ_STATUS_RAW = 0x0
const IRQ_STATUS_CLR = 0x4
const IRQ_ENABLE_SET = 0x8

const FIFOS = 16
const USERS = 4
/** Words that a FIFO holds. */
const DEPTH = 4
const SOFTRESET = 1 << 0

/** Words that are no kick (drivers/remoteproc/omap_remoteproc.h in Linux, and in TI's tree of it). */
const RP_MBOX_CRASH = 0xffff_ff02
const RP_MBOX_SHUTDOWN = 0xffff_ff14
const RP_MBOX_SHUTDOWN_ACK = 0xffff_ff15

/** The channel without a ring on which the host asks the remote to shut down. */
const SHUTDOWN = 1 << 2

/**
 * A cluster of TI's mailbox: FIFOs of words, and an interrupt for each user. One FIFO comes from the
 * host: a kick is the notify id, and the request to shut down RP_MBOX_SHUTDOWN; what finds no place
 * waits outside, as in the driver's queue. One goes to the host, who takes each word at once. The
 * others belong to the remote alone.
 */
export class OmapMailbox implements Device {
  readonly #state: MailboxState
  readonly #unmodelled: UnmodelledRegisters
  readonly #changed: () => void
  readonly #doorbell: () => void
  readonly #end: (ending: Ending) => void
  readonly #receive: number
  readonly #transmit: number
  /** What the remote has written itself. */
  readonly #words: number[][] = Array.from({ length: FIFOS }, () => [])
  readonly #enabled = new Uint32Array(USERS)
  #sysconfig = 0
  /** The remote has read the request to shut down, and not acknowledged it. */
  #asked = false

  constructor(place: BlockPlace) {
    this.#state = new MailboxState(place.mailbox)
    this.#unmodelled = place.unmodelled
    this.#changed = place.linesChanged
    this.#doorbell = place.doorbell
    this.#end = place.end
    this.#receive = place.option('receive') % FIFOS
    this.#transmit = place.option('transmit') % FIFOS
  }

  /** Resets the registers; what host and remote have to tell each other is their own affair. */
  reset(): void {
    this.#softReset()
    this.#sysconfig = 0
    this.#asked = false
    this.#unmodelled.reset()
  }

  /** The interrupt of a user: level, as long as what has raised it is so. */
  interrupt(user: number): boolean {
    const enabled = this.#enabled[user] ?? 0
    return enabled !== 0 && (this.#status & enabled) !== 0
  }

  load(offset: number, size: 1 | 2 | 4): number {
    if (size !== 4) return -1
    const fifo = (offset >>> 2) % FIFOS
    if (offset >= IRQ && offset < IRQ_EOI) {
      const enabled = this.#enabled[(offset - IRQ) >>> 4] ?? 0
      switch (offset & 0xf) {
        case IRQ_STATUS_RAW:
          return this.#status >>> 0
        case IRQ_STATUS_CLR:
          return (this.#status & enabled) >>> 0
        default:
          return enabled
      }
    }
    switch (offset & ~(4 * FIFOS - 1)) {
      case MESSAGE:
        return this.#take(fifo)
      case FIFO_STATUS:
        return this.#count(fifo) === DEPTH ? 1 : 0
      case MSG_STATUS:
        return this.#count(fifo)
    }
    if (offset === SYSCONFIG) return this.#sysconfig
    return offset === IRQ_EOI ? 0 : this.#unmodelled.load(offset)
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    if (size !== 4) return false
    if (offset >= MESSAGE && offset < MESSAGE + 4 * FIFOS) {
      this.#put((offset - MESSAGE) >>> 2, value)
    } else if (offset >= IRQ && offset < IRQ_EOI) {
      const user = (offset - IRQ) >>> 4
      const enabled = this.#enabled[user] ?? 0
      // The bits of the status are what the FIFOs are like: one that is cleared is up again at once.
      if ((offset & 0xf) === IRQ_ENABLE_SET) this.#enabled[user] = enabled | value
      else if ((offset & 0xf) > IRQ_ENABLE_SET) this.#enabled[user] = enabled & ~value
    } else if (offset === SYSCONFIG) {
      if (value & SOFTRESET) this.#softReset()
      this.#sysconfig = (value & ~SOFTRESET) >>> 0
    } else if (offset !== IRQ_EOI && !(offset >= FIFO_STATUS && offset < IRQ)) {
      this.#unmodelled.store(offset, value)
      return true
    }
    this.#changed()
    return true
  }

  /** What the host has sent is kept: he does not know of it. */
  #softReset(): void {
    for (const words of this.#words) words.length = 0
    this.#enabled.fill(0)
  }

  /** IRQ_STATUS_RAW of any user: NEWMSGSTATUS and NOTFULLSTATUS of each FIFO, from bit 0 on. */
  get #status(): number {
    let status = 0
    for (let fifo = 0; fifo < FIFOS; fifo++) {
      const count = this.#count(fifo)
      if (count > 0) status |= 1 << (2 * fifo)
      if (count < DEPTH) status |= 2 << (2 * fifo)
    }
    return status
  }

  #count(fifo: number): number {
    const own = this.#words[fifo]?.length ?? 0
    if (fifo !== this.#receive) return own
    const bits = this.#state.towardsRemote
    let count = own
    for (const channel of CHANNEL_OF_NOTIFY_ID) if (bits & (1 << channel)) count++
    if (bits & SHUTDOWN && !this.#asked) count++
    return Math.min(count, DEPTH)
  }

  /** The first word of a FIFO, which is removed from it; 0 where there is none. */
  #take(fifo: number): number {
    const word = this.#words[fifo]?.shift() ?? (fifo === this.#receive ? this.#takeFromHost() : 0)
    this.#changed()
    return word
  }

  #takeFromHost(): number {
    const bits = this.#state.towardsRemote
    const notifyId = CHANNEL_OF_NOTIFY_ID.findIndex((channel) => (bits & (1 << channel)) !== 0)
    const channel = CHANNEL_OF_NOTIFY_ID[notifyId]
    if (channel !== undefined) {
      this.#state.clearByRemote(1 << channel)
      return notifyId
    }
    if ((bits & SHUTDOWN) === 0 || this.#asked) return 0
    this.#asked = true
    return RP_MBOX_SHUTDOWN
  }

  /** A word that finds a FIFO full is discarded. */
  #put(fifo: number, word: number): void {
    if (fifo === this.#transmit) this.#tellHost(word)
    else if (this.#count(fifo) < DEPTH) this.#words[fifo]?.push(word)
  }

  /** What means nothing to the host he ignores, as Linux does. */
  #tellHost(word: number): void {
    if (word === RP_MBOX_CRASH) {
      this.#end({ kind: 'reported', how: 'RP_MBOX_CRASH' })
    } else if (word === RP_MBOX_SHUTDOWN_ACK) {
      this.#asked = false
      this.#state.clearByRemote(SHUTDOWN)
    } else {
      const channel = CHANNEL_OF_NOTIFY_ID[word]
      const kick = channel === undefined ? 0 : 1 << channel
      if (kick !== 0 && this.#state.kickHost(kick) !== kick) this.#doorbell()
    }
  }
}

const lines = Array.from({ length: USERS }, (_, user) => `user-${user}`)

export const omapMailboxType: BlockType = {
  about: "mailbox with the registers of TI's, options: the FIFO from and to the host (AM62x TRM)",
  interrupts: lines,
  options: { receive: 1, transmit: 0 },
  mailbox: true,
  make: (place) => {
    const mailbox = new OmapMailbox(place)
    return {
      device: mailbox,
      lines: Object.fromEntries(
        lines.map((name, user) => [name, { high: () => mailbox.interrupt(user) }]),
      ),
    }
  },
}
