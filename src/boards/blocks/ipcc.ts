import type { BlockType } from '../block.js'
import type { Device } from '../device.js'
import { CHANNELS, MailboxState } from '../mailbox-state.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// Registers of ST's IPCC: RM0436 (STM32MP15), "Inter-processor communication controller".
const C1CR = 0x000
const C1MR = 0x004
const C1SCR = 0x008
const C1TOC2SR = 0x00c
const C2CR = 0x010
const C2MR = 0x014
const C2SCR = 0x018
const C2TOC1SR = 0x01c
const HWCFGR = 0x3f0
const VER = 0x3f4
const ID = 0x3f8
const SIDR = 0x3fc

const CR_RXOIE = 1 << 0
const CR_TXFIE = 1 << 16
const CR_BITS = CR_RXOIE | CR_TXFIE

const ALL = (1 << CHANNELS) - 1
/** Where in MR and SCR the sender's half begins. */
const SENDER_SHIFT = 16
const MR_BITS = ALL | (ALL << SENDER_SHIFT)

/** What the mailbox tells the board around it. */
export interface MailboxListener {
  /** The interrupt lines may have changed. */
  mailboxChanged(): void
  /** The remote has set channels towards the host that were free. */
  doorbell(): void
}

/** The mailbox as the remote's bus shows it: the remote is processor 2, the host processor 1. */
export class Mailbox implements Device {
  readonly #state: MailboxState
  readonly #unmodelled: UnmodelledRegisters
  readonly #listener: MailboxListener
  /** CR and MR of processor 1 and of processor 2. The host does without, and polls nothing. */
  #c1cr = 0
  #c1mr = MR_BITS
  #c2cr = 0
  #c2mr = MR_BITS

  constructor(state: MailboxState, unmodelled: UnmodelledRegisters, listener: MailboxListener) {
    this.#state = state
    this.#unmodelled = unmodelled
    this.#listener = listener
  }

  /** Resets the registers; the channels are their own affair (`MailboxState`). */
  reset(): void {
    this.#c1cr = this.#c2cr = 0
    this.#c1mr = this.#c2mr = MR_BITS
    this.#unmodelled.reset()
  }

  /** "Receive channel occupied" interrupt of processor 2. */
  get receiveOccupied(): boolean {
    return (this.#c2cr & CR_RXOIE) !== 0 && (this.#state.towardsRemote & ~this.#c2mr) !== 0
  }

  /** "Transmit channel free" interrupt of processor 2. */
  get transmitFree(): boolean {
    const free = ~this.#state.towardsHost & ALL
    return (this.#c2cr & CR_TXFIE) !== 0 && (free & ~(this.#c2mr >>> SENDER_SHIFT)) !== 0
  }

  load(offset: number, size: number): number {
    if (size !== 4) return -1
    switch (offset) {
      case C1CR:
        return this.#c1cr
      case C1MR:
        return this.#c1mr
      case C2CR:
        return this.#c2cr
      case C2MR:
        return this.#c2mr
      case C1SCR:
      case C2SCR:
        return 0
      case C1TOC2SR:
        return this.#state.towardsRemote
      case C2TOC1SR:
        return this.#state.towardsHost
      case HWCFGR:
        return CHANNELS
      case VER:
        return 0x10
      case ID:
        return 0x0010_0071
      case SIDR:
        return 0xa3c5_dd01
      default:
        return this.#unmodelled.load(offset)
    }
  }

  store(offset: number, size: number, value: number): boolean {
    if (size !== 4) return false
    switch (offset) {
      case C1CR:
        this.#c1cr = value & CR_BITS
        break
      case C1MR:
        this.#c1mr = value & MR_BITS
        break
      case C2CR:
        this.#c2cr = value & CR_BITS
        break
      case C2MR:
        this.#c2mr = value & MR_BITS
        break
      case C1SCR:
        this.#state.clearByHost(value & ALL)
        this.#state.kickRemote((value >>> SENDER_SHIFT) & ALL)
        break
      case C2SCR: {
        this.#state.clearByRemote(value & ALL)
        const kicks = (value >>> SENDER_SHIFT) & ALL
        if (kicks !== 0 && this.#state.kickHost(kicks) !== kicks) this.#listener.doorbell()
        break
      }
      case C1TOC2SR:
      case C2TOC1SR:
      case HWCFGR:
      case VER:
      case ID:
      case SIDR:
        return true // read-only
      default:
        this.#unmodelled.store(offset, value)
        return true
    }
    this.#listener.mailboxChanged()
    return true
  }
}

export const ipccType: BlockType = {
  about: "mailbox with the registers of ST's IPCC; the remote is processor 2 (RM0436)",
  interrupts: ['receive-occupied', 'transmit-free'],
  mailbox: true,
  make: (place) => {
    const mailbox = new Mailbox(new MailboxState(place.mailbox), place.unmodelled, {
      mailboxChanged: () => place.linesChanged(),
      doorbell: () => place.doorbell(),
    })
    const receiveOccupied = { high: () => mailbox.receiveOccupied }
    const transmitFree = { high: () => mailbox.transmitFree }
    return {
      device: mailbox,
      lines: { 'receive-occupied': receiveOccupied, 'transmit-free': transmitFree },
    }
  },
}
