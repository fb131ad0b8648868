import type { Counting } from '../../core.js'
import type { Cpu } from '../cpu.js'
import { Exception } from './exception.js'
import type { ExceptionState } from './exception-state.js'

/** Offsets on the private peripheral bus. */
const DWT_CTRL = 0x1000
const DWT_CYCCNT = 0x1004
const DEMCR = 0xedfc

/** DWT_CTRL: no trace, no external trigger, no profiling counters; the cycle counter is there. */
const NOTRCPKT_NOEXTTRIG_NOPRFCNT = 0x0d00_0000
const NOCYCCNT = 0x0200_0000
const CYCCNTENA = 1 << 0

/** Bits of DEMCR. */
const MON_EN = 1 << 16
const MON_PEND = 1 << 17
const MON_REQ = 1 << 19
const TRCENA = 1 << 24

/** The cycle counter, and the register that switches it and DebugMonitor on. */
export class Dwt {
  readonly #cpu: Cpu
  readonly #state: ExceptionState
  #control = 0
  #demcr = 0
  /** While counting: the core's cycle at which the counter was 0. Else: the counter, negative. */
  #origin = 0

  constructor(cpu: Cpu, state: ExceptionState) {
    this.#cpu = cpu
    this.#state = state
  }

  reset(): void {
    this.#control = this.#demcr = this.#origin = 0
  }

  load(offset: number): number {
    const main = this.#cpu.part.architecture !== 'v6-m'
    switch (offset) {
      case DWT_CTRL:
        return NOTRCPKT_NOEXTTRIG_NOPRFCNT | (main ? this.#control : NOCYCCNT)
      case DWT_CYCCNT:
        return main ? this.#counter | 0 : 0
      case DEMCR:
        if (!main) return this.#demcr & TRCENA
        return (
          (this.#demcr & (MON_EN | MON_REQ | TRCENA)) |
          (this.#state.isPending(Exception.DEBUG_MONITOR) ? MON_PEND : 0)
        )
      default:
        return 0
    }
  }

  /** See `Bus.counting`: the cycle counter. */
  counting(offset: number): Counting | undefined {
    if (offset !== DWT_CYCCNT || !this.#counts) return undefined
    return { value: this.load(offset), perCycle: 1, until: Number.POSITIVE_INFINITY }
  }

  store(offset: number, value: number): void {
    const counter = this.#counter
    switch (offset) {
      case DWT_CTRL:
        this.#control = value & CYCCNTENA
        this.#set(counter)
        break
      case DWT_CYCCNT:
        this.#set(value >>> 0)
        break
      case DEMCR:
        this.#demcr = value
        this.#set(counter)
        if (this.#cpu.part.architecture === 'v6-m') break
        this.#state.setEnabled(Exception.DEBUG_MONITOR, (value & MON_EN) !== 0)
        if (value & MON_PEND) this.#state.setPending(Exception.DEBUG_MONITOR)
        else this.#state.clearPending(Exception.DEBUG_MONITOR)
        break
      default:
        break
    }
  }

  get #counts(): boolean {
    return (this.#control & CYCCNTENA) !== 0 && (this.#demcr & TRCENA) !== 0
  }

  get #counter(): number {
    return this.#counts ? this.#cpu.cycle - this.#origin : -this.#origin
  }

  #set(counter: number): void {
    this.#origin = this.#counts ? this.#cpu.cycle - counter : -counter
  }
}
