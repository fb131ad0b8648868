import type { BlockPlace, BlockType } from '../block.js'
import type { Device } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// Arm Generic Interrupt Controller architecture specification, version 1.0; PL390 TRM. Distributor.
const ICDDCR = 0x000
const ICDICTR = 0x004
const ICDIIDR = 0x008
const GROUP = 0x080
const ENABLE = 0x100
const DISABLE = 0x180
const SET_PENDING = 0x200
const CLEAR_PENDING = 0x280
const ACTIVE = 0x300
const PRIORITY = 0x400
const TARGETS = 0x800
const CONFIGURATION = 0xc00
const ICDSGIR = 0xf00

// CPU interface.
const ICCICR = 0x00
const ICCPMR = 0x04
const ICCBPR = 0x08
const ICCIAR = 0x0c
const ICCEOIR = 0x10
const ICCRPR = 0x14
const ICCHPIR = 0x18
const ICCIIDR = 0xfc

/** Where the CPU interface begins in the block. */
const INTERFACE = 0x1000
/** Interrupts: software-generated ones and those of the core's own, then those of devices. */
const COUNT = 192
const PRIVATE = 32
const WORDS = COUNT / 32
const SPURIOUS = 1023
/** Bits of a priority that are there: the upper five. */
const PRIORITY_BITS = 0xf8
const IDLE = 0xff

const ICCICR_ENABLES = 3
const ICCICR_FIQ = 1 << 3
const ICCICR_BITS = 0x1f

/** Arm's PL390, for one core: distributor and CPU interface. Group 0 is FIQ where ICCICR says so. */
export class Gic implements Device {
  readonly #unmodelled: UnmodelledRegisters
  readonly #changed: () => void
  readonly #lines = new Int32Array(WORDS)
  /** Pending by an edge, or because software has said so. */
  readonly #latched = new Int32Array(WORDS)
  readonly #enabled = new Int32Array(WORDS)
  readonly #active = new Int32Array(WORDS)
  readonly #group = new Int32Array(WORDS)
  readonly #priorities = new Uint8Array(COUNT)
  readonly #targets = new Uint8Array(COUNT)
  /** Two bits an interrupt, of which the upper one says that it is an edge. */
  readonly #configuration = new Int32Array(COUNT / 16)
  /** The interrupts that run, with their priorities, the latest last. */
  #running: { readonly id: number; readonly priority: number }[] = []
  #distributor = 0
  #control = 0
  #mask = 0
  #binaryPoint = 0

  constructor({ unmodelled, linesChanged }: Pick<BlockPlace, 'unmodelled' | 'linesChanged'>) {
    this.#unmodelled = unmodelled
    this.#changed = linesChanged
  }

  reset(): void {
    for (const words of [this.#lines, this.#latched, this.#active, this.#group]) words.fill(0)
    this.#enabled.fill(0)
    this.#enabled[0] = 0xffff // software-generated interrupts are always enabled
    this.#priorities.fill(0)
    this.#targets.fill(0)
    this.#configuration.fill(0)
    this.#configuration[0] = 0xaaaa_aaaa | 0
    this.#running = []
    this.#distributor = this.#control = this.#mask = this.#binaryPoint = 0
    this.#unmodelled.reset()
  }

  /** Drives the line of the interrupt `id`. */
  setLine(id: number, high: boolean): void {
    const word = id >>> 5
    const bit = 1 << (id & 31)
    const before = this.#lines[word] ?? 0
    this.#lines[word] = high ? before | bit : before & ~bit
    if (high && (before & bit) === 0 && this.#isEdge(id)) this.#latch(word, bit)
  }

  /** The interrupt inputs of the core. */
  get irq(): boolean {
    return this.#signals(false)
  }

  get fiq(): boolean {
    return this.#signals(true)
  }

  load(offset: number, size: 1 | 2 | 4): number {
    if (offset >= INTERFACE) return size === 4 ? this.#loadInterface(offset - INTERFACE) : -1
    const bytes = this.#bytesAt(offset)
    if (bytes !== undefined) {
      let value = 0
      for (let i = size - 1; i >= 0; i--) value = value * 256 + (bytes[(offset & 0x3ff) + i] ?? 0)
      return value
    }
    if (size !== 4) return -1
    const word = (offset & 0x7f) >>> 2
    if (offset >= GROUP && offset < PRIORITY) return this.#loadBits(offset & ~0x7f, word)
    if (offset >= CONFIGURATION && offset < CONFIGURATION + 0x100) {
      return (this.#configuration[(offset - CONFIGURATION) >>> 2] ?? 0) >>> 0
    }
    switch (offset) {
      case ICDDCR:
        return this.#distributor
      case ICDICTR:
        return WORDS - 1
      case ICDIIDR:
        return 0x43b
      default:
        return this.#unmodelled.load(offset)
    }
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    if (offset >= INTERFACE) {
      if (size !== 4) return false
      this.#storeInterface(offset - INTERFACE, value)
      this.#changed()
      return true
    }
    const bytes = this.#bytesAt(offset)
    if (bytes !== undefined) {
      const bits = bytes === this.#priorities ? PRIORITY_BITS : 0xff
      for (let i = 0; i < size; i++) {
        const id = (offset & 0x3ff) + i
        if (id < COUNT) bytes[id] = (value >>> (8 * i)) & bits
      }
      this.#changed()
      return true
    }
    if (size !== 4) return false
    if (offset >= GROUP && offset < PRIORITY) this.#storeBits(offset & ~0x7f, offset, value)
    else if (offset >= CONFIGURATION && offset < CONFIGURATION + 0x100) {
      const word = (offset - CONFIGURATION) >>> 2
      // Those of software are edges, whatever is written.
      if (word > 0 && word < this.#configuration.length) {
        this.#configuration[word] = value & 0xaaaa_aaaa
      }
    } else if (offset === ICDDCR) this.#distributor = value & 3
    else if (offset === ICDSGIR) this.#raise(value)
    else if (offset !== ICDICTR && offset !== ICDIIDR) {
      this.#unmodelled.store(offset, value)
      return true
    }
    this.#changed()
    return true
  }

  #bytesAt(offset: number): Uint8Array | undefined {
    if (offset >= PRIORITY && offset < PRIORITY + 0x400) return this.#priorities
    return offset >= TARGETS && offset < TARGETS + 0x400 ? this.#targets : undefined
  }

  #loadBits(register: number, word: number): number {
    switch (register) {
      case GROUP:
        return (this.#group[word] ?? 0) >>> 0
      case ENABLE:
      case DISABLE:
        return (this.#enabled[word] ?? 0) >>> 0
      case SET_PENDING:
      case CLEAR_PENDING:
        return this.#pending(word) >>> 0
      case ACTIVE:
        return (this.#active[word] ?? 0) >>> 0
      default:
        return 0
    }
  }

  #storeBits(register: number, offset: number, value: number): void {
    const word = (offset & 0x7f) >>> 2
    if (word >= WORDS) return
    switch (register) {
      case GROUP:
        this.#group[word] = value
        break
      case ENABLE:
        this.#enabled[word] = (this.#enabled[word] ?? 0) | value
        break
      case DISABLE:
        this.#enabled[word] = (this.#enabled[word] ?? 0) & ~(word === 0 ? value & ~0xffff : value)
        break
      case SET_PENDING:
        this.#latch(word, value)
        break
      case CLEAR_PENDING:
        this.#latched[word] = (this.#latched[word] ?? 0) & ~value
        break
      default: // active bits are read only in this version
    }
  }

  /** ICDSGIR: with one core, whatever the filter says, it is this one, or nobody. */
  #raise(value: number): void {
    const filter = (value >>> 24) & 3
    const meant = filter === 2 || (filter === 0 && ((value >>> 16) & 1) !== 0)
    if (meant) this.#latch(0, 1 << (value & 15))
  }

  #loadInterface(offset: number): number {
    switch (offset) {
      case ICCICR:
        return this.#control
      case ICCPMR:
        return this.#mask
      case ICCBPR:
        return this.#binaryPoint
      case ICCIAR:
        return this.#acknowledge()
      case ICCRPR:
        return this.#running.at(-1)?.priority ?? IDLE
      case ICCHPIR:
        return this.#best() ?? SPURIOUS
      case ICCIIDR:
        return 0x3901_243b
      default:
        return this.#unmodelled.load(INTERFACE + offset)
    }
  }

  #storeInterface(offset: number, value: number): void {
    switch (offset) {
      case ICCICR:
        this.#control = value & ICCICR_BITS
        break
      case ICCPMR:
        this.#mask = value & PRIORITY_BITS
        break
      case ICCBPR:
        this.#binaryPoint = value & 7
        break
      case ICCEOIR:
        this.#end(value & 0x3ff)
        break
      case ICCIAR:
      case ICCRPR:
      case ICCHPIR:
      case ICCIIDR:
        break // read-only
      default:
        this.#unmodelled.store(INTERFACE + offset, value)
    }
  }

  #isEdge(id: number): boolean {
    return (((this.#configuration[id >>> 4] ?? 0) >>> (2 * (id & 15))) & 2) !== 0
  }

  #latch(word: number, bits: number): void {
    this.#latched[word] = (this.#latched[word] ?? 0) | bits
  }

  #pending(word: number): number {
    let levels = this.#lines[word] ?? 0
    for (let rest = levels; rest !== 0; rest &= rest - 1) {
      const bit = 31 - Math.clz32(rest & -rest)
      if (this.#isEdge(32 * word + bit)) levels &= ~(1 << bit)
    }
    return (this.#latched[word] ?? 0) | levels
  }

  /** The pending interrupt that comes first, whether it is let through or not. */
  #best(): number | undefined {
    if ((this.#distributor & 3) === 0) return undefined
    let best: number | undefined
    for (let word = 0; word < WORDS; word++) {
      let bits = this.#pending(word) & (this.#enabled[word] ?? 0) & ~(this.#active[word] ?? 0)
      for (; bits !== 0; bits &= bits - 1) {
        const id = 32 * word + 31 - Math.clz32(bits & -bits)
        // An interrupt of a device goes to who it is told to go to.
        if (id >= PRIVATE && ((this.#targets[id] ?? 0) & 1) === 0) continue
        if (best === undefined || (this.#priorities[id] ?? 0) < (this.#priorities[best] ?? 0)) {
          best = id
        }
      }
    }
    return best
  }

  /** The interrupt that the core is told of, if there is one. */
  #signalled(): number | undefined {
    if ((this.#control & ICCICR_ENABLES) === 0) return undefined
    const best = this.#best()
    if (best === undefined) return undefined
    const priority = this.#priorities[best] ?? 0
    if (priority >= this.#mask) return undefined
    // Below the binary point priorities say who comes first, but do not preempt.
    const preempting = (0xff << (this.#binaryPoint + 1)) & 0xff
    const running = this.#running.at(-1)?.priority
    if (running !== undefined && (priority & preempting) >= (running & preempting)) return undefined
    return best
  }

  #signals(fast: boolean): boolean {
    const id = this.#signalled()
    if (id === undefined) return false
    const group0 = ((this.#group[id >>> 5] ?? 0) & (1 << (id & 31))) === 0
    return fast === (group0 && (this.#control & ICCICR_FIQ) !== 0)
  }

  #acknowledge(): number {
    const id = this.#signalled()
    if (id === undefined) return SPURIOUS
    const word = id >>> 5
    const bit = 1 << (id & 31)
    this.#running.push({ id, priority: this.#priorities[id] ?? 0 })
    this.#active[word] = (this.#active[word] ?? 0) | bit
    this.#latched[word] = (this.#latched[word] ?? 0) & ~bit
    this.#changed()
    return id
  }

  #end(id: number): void {
    const at = this.#running.findLastIndex((each) => each.id === id)
    if (at < 0) return
    this.#running.splice(at, 1)
    const word = id >>> 5
    this.#active[word] = (this.#active[word] ?? 0) & ~(1 << (id & 31))
  }
}

export const gicType: BlockType = {
  about: "Arm's GIC, version 1: distributor, and at 0x1000 the CPU interface of one core (PL390)",
  make: (place) => {
    const gic = new Gic(place)
    return {
      device: gic,
      coreLines: { external: { high: () => gic.irq }, fast: { high: () => gic.fiq } },
      setLine: (number, high) => gic.setLine(number, high),
    }
  },
}
