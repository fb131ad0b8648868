import { hex } from '../../base/errors.js'
import type { Bus, CoreFault, CoreState, CoreStop } from '../../cores/core.js'
import type { CoreDebug } from '../../cores/debug.js'
import { Rv32 } from '../../cores/riscv/rv32.js'
import { MEI, MSI, MTI } from '../../cores/riscv/trap.js'
import { Region } from '../../memory/region.js'
import type { Board, BoardStop, SlotDevice, SlotLines } from '../board.js'
import { Clint } from './clint.js'
import { type Device, UnmodelledRegisters } from './device.js'
import { type Ending, Finisher } from './finisher.js'
import { Mailbox } from './mailbox.js'
import { MAILBOX_WORDS, MailboxHost, MailboxState } from './mailbox-state.js'
import * as map from './memory-map.js'
import { Plic } from './plic.js'
import { Uart16550 } from './uart16550.js'
import { VirtioSlots } from './virtio-slots.js'

/** The buffers that a board stands on, so that another thread can be given the same ones. */
export interface VirtRv32Memory {
  readonly ram: ArrayBuffer | SharedArrayBuffer
  readonly shared: ArrayBuffer | SharedArrayBuffer
  /** The mailbox's state: an Int32Array over it makes a `MailboxHost`. */
  readonly mailbox: ArrayBuffer | SharedArrayBuffer
}

export interface VirtRv32Options {
  /** Bytes of RAM, 32 MiB unless given; a multiple of 4096. */
  readonly ramSize?: number
  /** True for memory that threads can share (SharedArrayBuffer). */
  readonly shared?: boolean
  /**
   * Buffers that exist already, instead of new ones. Somebody else has a part in them, so a reset of
   * the board leaves the mailbox's channels to that one (`MailboxHost.reset`): it might kick before
   * the board's thread has got as far as the reset.
   */
  readonly memory?: VirtRv32Memory
  /** The version of virtio-mmio that empty slots show; 2 unless given. */
  readonly virtioVersion?: 1 | 2
  /** More memory, which others may share: whole pages, where nothing else is. */
  readonly more?: readonly Region[] | undefined
}

const BUDGET: BoardStop = { kind: 'budget' }
const DOORBELL: BoardStop = { kind: 'doorbell' }

interface Block {
  readonly base: number
  readonly size: number
  readonly device: Device & { reset(): void }
}

/** The buffers of a board that does not exist yet. */
export function allocateMemory(options: VirtRv32Options = {}): VirtRv32Memory {
  const Buffer = options.shared ? SharedArrayBuffer : ArrayBuffer
  return {
    ram: new Buffer(options.ramSize ?? map.RAM_SIZE),
    shared: new Buffer(map.SHARED.size),
    mailbox: new Buffer(4 * MAILBOX_WORDS),
  }
}

/** One RV32IMAC hart on the `virt` machine's memory map, with a mailbox and a shared window. */
export class VirtRv32 implements Board, Bus {
  readonly name = 'virt-rv32'
  /** EM_RISCV. */
  readonly architecture = { machine: 243, bits: 32 } as const
  readonly cyclesPerSecond = 100_000_000
  readonly memory: VirtRv32Memory
  readonly regions: readonly [Region, Region, ...Region[]]
  readonly more: readonly Region[]
  readonly shared: Region
  readonly mailbox: MailboxHost
  onConsole: (byte: number) => void = () => {}
  onUnmodelled: (access: string) => void = () => {}

  readonly #core: Rv32
  readonly #clint: Clint
  readonly #plic: Plic
  readonly #uart: Uart16550
  readonly #mailbox: Mailbox
  readonly #slots: VirtioSlots
  readonly #blocks: readonly Block[]
  readonly #ownsMailbox: boolean
  #doorbell = false
  #ended: BoardStop | undefined
  #waitedAt = 0

  constructor(options: VirtRv32Options = {}) {
    const memory = options.memory ?? allocateMemory(options)
    const { ram, shared, mailbox } = memory
    const ramRegion = new Region({
      name: 'ram',
      da: map.RAM_BASE,
      size: ram.byteLength,
      buffer: ram,
    })
    this.memory = memory
    this.#ownsMailbox = options.memory === undefined
    this.shared = new Region({
      name: 'shared',
      da: map.SHARED.base,
      size: map.SHARED.size,
      buffer: shared,
    })
    this.more = options.more ?? []
    this.regions = [ramRegion, this.shared, ...this.more]
    this.#core = new Rv32({ regions: this.regions, bus: this, time: () => this.#clint.mtime })

    const mailboxWords = new Int32Array(mailbox)
    this.mailbox = new MailboxHost(mailboxWords)
    const changed = (): void => this.#driveInterrupts()
    const unmodelled = (block: string): UnmodelledRegisters =>
      new UnmodelledRegisters(block, (access) => this.onUnmodelled(access))
    this.#clint = new Clint(
      {
        cycle: () => this.#core.cycle,
        interruptsChanged: () => {
          this.#driveInterrupts()
          // The stretch that the core is in was measured out for the timer event as it was.
          this.#core.requestStop()
        },
      },
      unmodelled('CLINT'),
    )
    this.#plic = new Plic(unmodelled('PLIC'), changed)
    this.#uart = new Uart16550(unmodelled('UART'), (byte) => this.onConsole(byte), changed)
    this.#mailbox = new Mailbox(new MailboxState(mailboxWords), unmodelled('mailbox'), {
      mailboxChanged: changed,
      doorbell: () => this.#ringDoorbell(),
    })
    const version = options.virtioVersion ?? 2
    this.#slots = new VirtioSlots(unmodelled('virtio-mmio'), map.VIRTIO_SLOTS, version)
    const finisher = new Finisher(unmodelled('test finisher'), (ending) => this.#end(ending))
    this.#blocks = [
      { ...map.UART, device: this.#uart },
      { ...map.MAILBOX, device: this.#mailbox },
      { ...map.CLINT, device: this.#clint },
      { ...map.PLIC, device: this.#plic },
      { ...map.FINISHER, device: finisher },
      { ...map.VIRTIO, device: this.#slots },
    ]
    this.reset(map.RAM_BASE)
  }

  get cycle(): number {
    return this.#core.cycle
  }

  get pc(): number {
    return this.#core.pc
  }

  get core(): CoreState {
    return this.#core.state
  }

  get fault(): CoreFault | undefined {
    return this.#core.fault
  }

  get debug(): CoreDebug {
    return this.#core.debug
  }

  get waitedAt(): number {
    return this.#waitedAt
  }

  /** The console's other end: what is given to `receive` comes in at the UART. */
  get uart(): { receive(byte: number): void } {
    return this.#uart
  }

  /**
   * Plugs a device into virtio-mmio slot `slot` (0 to 7), for good.
   * @param make is given what the device tells the board with
   * @throws ERR_USAGE where there is no such slot, or it is taken
   */
  plug<T extends SlotDevice>(slot: number, make: (lines: SlotLines) => T): T {
    const device = make({
      interruptChanged: () => this.#driveInterrupts(),
      doorbell: () => this.#ringDoorbell(),
    })
    this.#slots.plug(slot, device)
    return device
  }

  /** The hart's registers x0 to x31. */
  get registers(): readonly number[] {
    return this.#core.registers
  }

  reset(entry: number): void {
    this.#core.reset(entry)
    for (const { device } of this.#blocks) device.reset()
    if (this.#ownsMailbox) this.mailbox.reset()
    this.#doorbell = false
    this.#ended = undefined
    this.#waitedAt = 0
  }

  skipTo(cycle: number): void {
    this.#core.skipTo(cycle)
    this.#waitedAt = this.#core.cycle
  }

  run(untilCycle: number): BoardStop {
    const core = this.#core
    for (;;) {
      if (this.#ended !== undefined) return this.#ended
      if (this.#doorbell) {
        this.#doorbell = false
        return DOORBELL
      }
      // The host may have set or cleared channels since, in whatever thread it lives.
      this.#driveInterrupts()
      const { dueCycle } = this.#clint
      const next = dueCycle > core.cycle ? dueCycle : Number.POSITIVE_INFINITY
      const stop: CoreStop = core.run(Math.min(untilCycle, next))
      switch (stop.kind) {
        case 'lockup':
          this.#ended = { kind: 'crashed', reason: stop.reason }
          break
        case 'budget':
          if (core.cycle >= untilCycle) return BUDGET
          break
        case 'waiting': {
          this.#waitedAt = core.cycle
          const until = core.enabled & MTI ? next : Number.POSITIVE_INFINITY
          if (until >= untilCycle) return { kind: 'idle', until }
          core.skipTo(until)
          this.#waitedAt = until
          break
        }
        case 'requested':
          break
        case 'debug':
          return stop
      }
    }
  }

  load(address: number, size: 1 | 2 | 4): number {
    for (const { base, size: length, device } of this.#blocks) {
      if (address >= base && address < base + length) return device.load(address - base, size)
    }
    return -1
  }

  store(address: number, size: 1 | 2 | 4, value: number): boolean {
    for (const { base, size: length, device } of this.#blocks) {
      if (address >= base && address < base + length) {
        return device.store(address - base, size, value)
      }
    }
    return false
  }

  #ringDoorbell(): void {
    this.#doorbell = true
    this.#core.requestStop()
  }

  #driveInterrupts(): void {
    const plic = this.#plic
    for (const { slot, device } of this.#slots.plugged) {
      plic.setLine(map.VIRTIO_SOURCE + slot, device.interrupt)
    }
    plic.setLine(map.UART_SOURCE, this.#uart.interrupt)
    plic.setLine(map.RECEIVE_OCCUPIED_SOURCE, this.#mailbox.receiveOccupied)
    plic.setLine(map.TRANSMIT_FREE_SOURCE, this.#mailbox.transmitFree)
    const core = this.#core
    core.pending =
      (this.#clint.softwareInterrupt ? MSI : 0) |
      (core.cycle >= this.#clint.dueCycle ? MTI : 0) |
      (plic.external ? MEI : 0)
  }

  #end(ending: Ending): void {
    const where = `at pc ${hex(this.pc, 8)}`
    const { fault } = this
    const why = fault === undefined ? '' : `, after ${fault.cause} at pc ${hex(fault.pc, 8)}`
    switch (ending.kind) {
      case 'exited':
        this.#ended = { kind: 'exited' }
        break
      case 'failed':
        this.#ended = {
          kind: 'crashed',
          reason: `the remote failed with code ${ending.code} ${where}${why}`,
        }
        break
      case 'reset':
        this.#ended = { kind: 'crashed', reason: `the remote asked to be reset ${where}` }
        break
    }
    this.#core.requestStop()
  }
}
