import { hex, OpenampError } from '../base/errors.js'
import type { CompileOptions } from '../cores/compile/options.js'
import type { Bus, CoreFault, CoreState, CoreStop, Counting } from '../cores/core.js'
import type { CoreDebug } from '../cores/debug.js'
import { describeFault } from '../cores/describe-fault.js'
import type { Region } from '../memory/region.js'
import type { Block, CoreLine } from './block.js'
import { blockTypes } from './blocks/index.js'
import type { VirtioSlots } from './blocks/virtio-slots.js'
import type { Board, BoardStop, SlotDevice, SlotLines } from './board.js'
import { describeDelay } from './describe-delay.js'
import type { BlockDescription, BoardDescription } from './description.js'
import type { Device, Ending, Line } from './device.js'
import { MailboxHost } from './mailbox-state.js'
import { allocateMemory, type BoardMemory, CORE_STATE, mapMemory, withRamSize } from './memory.js'
import { type Part, parts } from './parts/index.js'
import type { CorePart } from './parts/part.js'
import { Translation } from './translation.js'
import { UnmodelledRegisters } from './unmodelled.js'

export interface BoardOptions {
  /** Bytes of the memory named `ram`; a multiple of 4096. The description's unless given. */
  readonly ramSize?: number | undefined
  /** True for memory that threads can share (SharedArrayBuffer). */
  readonly shared?: boolean
  /**
   * Buffers that exist already, instead of new ones. Somebody else has a part in them, so a reset of
   * the board leaves the mailbox's channels to that one (`MailboxHost.reset`): it might kick before
   * the board's thread has got as far as the reset.
   */
  readonly memory?: BoardMemory
  /** The version of virtio-mmio that empty slots show; 2 unless given. */
  readonly virtioVersion?: 1 | 2
  /** More memory, which others may share: whole pages, where nothing else is. */
  readonly more?: readonly Region[] | undefined
  /**
   * Whether hot code is compiled to WebAssembly, unless false where that can be had; what comes of it is
   * the same. A number is the threshold (`CompileOptions`).
   */
  readonly compile?: boolean | number | undefined
}

const BUDGET: BoardStop = { kind: 'budget' }
const DOORBELL: BoardStop = { kind: 'doorbell' }
const NEVER = Number.POSITIVE_INFINITY

function compileOptions(
  { wasm }: BoardMemory,
  compile: boolean | number = true,
): CompileOptions | undefined {
  if (wasm === undefined || compile === false) return undefined
  const threshold = compile === true ? {} : { threshold: compile }
  return { memory: wasm, state: CORE_STATE, ...threshold }
}

/** A block in its place on the bus. */
interface Placed {
  readonly base: number
  readonly end: number
  readonly translated: boolean
  readonly device: Device
  readonly unmodelled: UnmodelledRegisters
}

/** The lines of blocks that lead to one input of the interrupt controller. */
interface Input {
  readonly number: number
  readonly lines: Line[]
}

/** A board put together from its description: a core, its memory, the blocks around it. */
export class EmulatedBoard implements Board, Bus {
  readonly name: string
  readonly architecture: Board['architecture']
  readonly cyclesPerSecond: number
  readonly headStart: number | undefined
  readonly renumbers: boolean
  readonly memory: BoardMemory
  readonly regions: readonly [Region, ...Region[]]
  readonly more: readonly Region[]
  readonly shared: Region
  readonly mailbox: MailboxHost
  onConsole: (byte: number) => void = () => {}
  onNote: (text: string) => void = () => {}

  readonly #part: CorePart
  readonly #placed: Placed[] = []
  readonly #inputs: Input[] = []
  /** Those with a line that rises by itself. */
  readonly #timed: Input[] = []
  readonly #coreLines: Partial<Record<CoreLine, Line>> = {}
  readonly #setLine: (number: number, high: boolean) => void
  readonly #slots: {
    readonly slots: VirtioSlots
    readonly block: BlockDescription
    readonly made: Block
  }[] = []
  readonly #receive: (byte: number) => void
  /** Between the core and the system; undefined where they have the same addresses. */
  readonly #translation: Translation | undefined
  readonly #ownsMailbox: boolean
  /** Where the core begins with an image whose entry is that. */
  readonly #begin: (entry: number) => number
  readonly #virtioVersion: number | undefined
  #doorbell = false
  #ended: BoardStop | undefined
  #waitedAt = 0
  /** The cycle up to which the board was told to run, and the one up to which it has told the core. */
  #runEnd = 0
  #stretchEnd = 0

  /** @throws ERR_USAGE for a description that names what there is not */
  constructor(description: BoardDescription, options: BoardOptions = {}) {
    const board = withRamSize(description, options.ramSize)
    this.name = board.name
    this.cyclesPerSecond = board.clock
    this.headStart = board.headStart
    this.renumbers = board.renumbers ?? false
    this.memory = options.memory ?? allocateMemory(board, options.shared)
    this.#ownsMailbox = options.memory === undefined
    this.#virtioVersion = options.virtioVersion
    this.more = options.more ?? []
    const [first, ...rest] = mapMemory(board, this.memory)
    this.regions = [first, ...rest, ...this.more]
    this.shared = this.regions.find(({ name }) => name === board.shared) ?? first
    this.mailbox = new MailboxHost(new Int32Array(this.memory.mailbox))

    const part: Part = parts[board.core.part]
    this.architecture = { machine: part.machine, bits: part.bits }
    const vectors = part.vectors ? (board.core.vectors ?? 0) : undefined
    this.#begin = (entry) => vectors ?? part.begin?.(entry) ?? entry

    let time = (): number | bigint => 0
    this.#part = part.make({
      description: board.core,
      regions: this.regions,
      compile: compileOptions(this.memory, options.compile),
      bus: this,
      cyclesPerSecond: board.clock,
      time: () => time(),
      wait: () => {
        if (!this.#wait()) return 0
        this.#stretchEnd = Math.min(this.#runEnd, this.#nextRise())
        return this.#stretchEnd
      },
      end: (ending) => this.#end(ending),
      send: (byte) => this.onConsole(byte),
      delay: (note) => this.onNote(describeDelay(note, board.clock)),
    })

    let setLine = this.#part.setInterrupt
    let receive: ((byte: number) => void) | undefined
    let translation: Translation | undefined
    for (const block of board.blocks) {
      const made = this.#place(block)
      Object.assign(this.#coreLines, made.coreLines)
      if (made.setLine !== undefined) setLine = made.setLine
      if (made.time !== undefined) time = made.time
      receive ??= made.receive
      if (made.translate !== undefined) {
        const report = (text: string): void => this.onNote(text)
        translation = new Translation(block.name, made.device, made.translate, this.regions, report)
      }
      if (made.slots === undefined) {
        for (const name of Object.keys(made.lines ?? {})) this.#wire(block, made, name)
      } else {
        this.#slots.push({ slots: made.slots, block, made })
      }
    }
    this.#setLine = setLine ?? (() => {})
    this.#receive = receive ?? (() => {})
    this.#translation = translation
    this.reset(first.da)
  }

  get cycle(): number {
    return this.#part.core.cycle
  }

  get pc(): number {
    return this.#part.core.pc
  }

  get core(): CoreState {
    return this.#part.core.state
  }

  get fault(): CoreFault | undefined {
    return this.#part.core.fault
  }

  get debug(): CoreDebug | undefined {
    return this.#part.debug
  }

  /** What of the program is compiled to WebAssembly at present; nothing where all is interpreted. */
  get compiled(): CorePart['compiled'] {
    return this.#part.compiled
  }

  get quietUntil(): number {
    return Math.min(this.#part.core.quietUntil, this.#nextRise())
  }

  get waitedAt(): number {
    return this.#waitedAt
  }

  /** The console's other end: what is given to `receive` comes in at the first UART. */
  get uart(): { receive(byte: number): void } {
    return { receive: this.#receive }
  }

  /** The core's general registers, as signed numbers. */
  get registers(): readonly number[] {
    return this.#part.registers
  }

  /**
   * Plugs a device into virtio-mmio slot `slot` (0 to 7), for good.
   * @param make is given what the device tells the board with
   * @throws ERR_USAGE where there is no such slot, or it is taken
   */
  plug<T extends SlotDevice>(slot: number, make: (lines: SlotLines) => T): T {
    const [place] = this.#slots
    if (place === undefined) {
      throw new OpenampError('ERR_USAGE', `board ${this.name}: it has no slots for virtio devices`)
    }
    const device = make({
      interruptChanged: () => this.#drive(this.#inputs),
      doorbell: () => this.#ringDoorbell(),
    })
    place.slots.plug(slot, device)
    this.#wire(place.block, place.made, `slot-${slot}`)
    return device
  }

  /** @param entry where execution begins, if not where the core itself says (a vector table) */
  reset(entry: number): void {
    this.#part.core.reset(this.#begin(entry))
    for (const { device } of this.#placed) device.reset()
    if (this.#ownsMailbox) this.mailbox.reset()
    this.#doorbell = false
    this.#ended = undefined
    this.#waitedAt = 0
  }

  skipTo(cycle: number): void {
    this.#part.core.skipTo(cycle)
    this.#waitedAt = this.#part.core.cycle
  }

  run(untilCycle: number): BoardStop {
    const { core } = this.#part
    this.#runEnd = untilCycle
    // The host may have set or cleared channels since, in whatever thread it lives.
    this.#drive(this.#inputs)
    for (;;) {
      if (this.#ended !== undefined) return this.#ended
      if (this.#doorbell) {
        this.#doorbell = false
        return DOORBELL
      }
      this.#stretchEnd = Math.min(untilCycle, this.#nextRise())
      const stop: CoreStop = core.run(this.#stretchEnd)
      switch (stop.kind) {
        case 'lockup':
          this.#ended = { kind: 'crashed', reason: stop.reason }
          break
        case 'budget':
          if (core.cycle >= untilCycle) return BUDGET
          this.#drive(this.#timed)
          break
        case 'waiting':
          if (!this.#wait()) return { kind: 'idle', until: this.#wakesAt() }
          break
        case 'reset':
          this.#end({ kind: 'reset' })
          break
        case 'requested':
          break
        case 'debug':
          return stop
      }
    }
  }

  load(address: number, size: 1 | 2 | 4): number {
    const system = this.#translation?.translate(address)
    const placed = this.#placedAt(system ?? address, system !== undefined)
    if (placed === undefined) return this.#translation?.load(system, size) ?? -1
    const { device, unmodelled } = placed
    const offset = (system ?? address) - placed.base
    return unmodelled.overrides(offset) ? unmodelled.load(offset, size) : device.load(offset, size)
  }

  counting(address: number): Counting | undefined {
    const system = this.#translation?.translate(address)
    const placed = this.#placedAt(system ?? address, system !== undefined)
    if (placed === undefined) return undefined
    const offset = (system ?? address) - placed.base
    return placed.unmodelled.overrides(offset) ? undefined : placed.device.counting?.(offset)
  }

  store(address: number, size: 1 | 2 | 4, value: number): boolean {
    const system = this.#translation?.translate(address)
    const placed = this.#placedAt(system ?? address, system !== undefined)
    if (placed === undefined) {
      if (this.#translation?.store(system, size, value) !== true) return false
      // What is stored past the core may be code: a run that begins anew looks at it.
      this.#part.core.requestStop()
      return true
    }
    const { device, unmodelled } = placed
    const offset = (system ?? address) - placed.base
    if (unmodelled.overrides(offset)) {
      unmodelled.store(offset, value, size)
      return true
    }
    const stored = device.store(offset, size, value)
    this.#translation?.stored(device)
    return stored
  }

  /** @param translated the address is one of the system's, which the core has come to by a translation */
  #placedAt(address: number, translated: boolean): Placed | undefined {
    // The first: blocks lie in the one for the registers around them.
    for (const placed of this.#placed) {
      if (address < placed.base || address >= placed.end) continue
      if (translated || !placed.translated) return placed
    }
    return undefined
  }

  #place(description: BlockDescription): Block {
    const { type, name, base, size, aliases = [], options = {}, overrides = [] } = description
    const { translated = false } = description
    const blockType = Object.hasOwn(blockTypes, type) ? blockTypes[type] : undefined
    if (blockType === undefined) {
      throw new OpenampError(
        'ERR_USAGE',
        `board ${this.name}: block ${name} is of no type there is: "${type}"`,
      )
    }
    const report = (access: string): void => this.onNote(access)
    const unmodelled = new UnmodelledRegisters(name, report, overrides)
    const defaults = blockType.options ?? {}
    const virtioVersion = this.#virtioVersion
    const made = blockType.make({
      unmodelled,
      option: (key) => {
        if (type === 'virtio-mmio' && key === 'version' && virtioVersion !== undefined) {
          return virtioVersion
        }
        return options[key] ?? defaults[key] ?? 0
      },
      cyclesPerSecond: this.cyclesPerSecond,
      cycle: () => this.#part.core.cycle,
      linesChanged: () => this.#drive(this.#inputs),
      dueCycleChanged: () => {
        this.#drive(this.#timed)
        // The stretch that the core is in was measured out for the lines as they were.
        const next = this.#nextRise()
        if (next < this.#stretchEnd) this.#part.core.shorten(next)
      },
      send: (byte) => this.onConsole(byte),
      mailbox: new Int32Array(this.memory.mailbox),
      doorbell: () => this.#ringDoorbell(),
      end: (ending) => this.#end(ending),
    })
    const { device } = made
    for (const start of [base, ...aliases]) {
      this.#placed.push({ base: start, end: start + size, translated, device, unmodelled })
    }
    return made
  }

  /** Connects the line `name` of a block to where its description says that it leads. */
  #wire({ interrupts = {} }: BlockDescription, { lines = {} }: Block, name: string): void {
    const line = lines[name]
    const number = interrupts[name]
    if (line === undefined || number === undefined) return
    let input = this.#inputs.find((each) => each.number === number)
    if (input === undefined) {
      input = { number, lines: [] }
      this.#inputs.push(input)
    }
    input.lines.push(line)
    if (line.dueCycle !== undefined && !this.#timed.includes(input)) this.#timed.push(input)
  }

  /** The core waits: moves on to what it wakes up for. @returns false where that is beyond this run */
  #wait(): boolean {
    const { core } = this.#part
    this.#waitedAt = core.cycle
    const until = this.#wakesAt()
    if (until >= this.#runEnd) return false
    core.skipTo(until)
    this.#waitedAt = until
    this.#drive(this.#timed)
    return true
  }

  #ringDoorbell(): void {
    this.#doorbell = true
    this.#part.core.requestStop()
  }

  /** Drives those lines of blocks, and those that go to the core itself. */
  #drive(inputs: readonly Input[]): void {
    for (const { number, lines } of inputs) {
      let high = false
      for (const line of lines) high = high || line.high()
      this.#setLine(number, high)
    }
    this.#part.drive(this.#coreLines)
  }

  /** The cycle at which a line rises next by itself. */
  #nextRise(): number {
    const { cycle } = this.#part.core
    let next = earlier(this.#coreLines.timer, cycle, NEVER)
    for (const { lines } of this.#timed) {
      for (const line of lines) next = earlier(line, cycle, next)
    }
    return next
  }

  /** The cycle at which a waiting core has an interrupt to wake up for. */
  #wakesAt(): number {
    const { cycle } = this.#part.core
    let next = this.#part.wakesAt(this.#coreLines)
    for (const { number, lines } of this.#timed) {
      for (const line of lines) {
        const due = line.dueCycle?.() ?? NEVER
        if (due > cycle && due < next && this.#part.wakesOn(number)) next = due
      }
    }
    return next
  }

  #end(ending: Ending): void {
    const where = `at pc ${hex(this.pc, 8)}`
    const { fault } = this
    const why = fault === undefined ? '' : `, after ${describeFault(fault)}`
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
      case 'reported':
        this.#ended = {
          kind: 'crashed',
          reason: `the remote reported a crash (${ending.how}) ${where}${why}`,
        }
        break
      case 'reset':
        this.#ended = { kind: 'crashed', reason: `the remote asked to be reset ${where}` }
        break
    }
    this.#part.core.requestStop()
  }
}

/** The cycle at which a line rises by itself, where that is after `cycle` and before `next`; else `next`. */
function earlier(line: Line | undefined, cycle: number, next: number): number {
  const due = line?.dueCycle?.() ?? NEVER
  return due > cycle && due < next ? due : next
}
