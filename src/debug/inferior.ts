import type { CoreDebug, WatchKind } from '../cores/debug.js'
import type { DebugHalt, DebugTarget } from '../machines/emulated/debug-target.js'
import { holds } from './condition.js'
import { fromHex, toHex } from './packet.js'

/** GDB's own numbers of signals (include/gdb/signals.def). */
const SIGNALS = {
  SIGINT: 2,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGFPE: 8,
  SIGBUS: 10,
  SIGSEGV: 11,
} as const

/** The errors that are answered: what GDB shows is their number alone. */
export const Failure = {
  /** the packet is not understood */
  MALFORMED: 'E01',
  /** there is no memory, or no register of that kind, there (EFAULT) */
  NO_SUCH_PLACE: 'E0e',
  /** there is no such process, or it is not attached to (ESRCH) */
  NO_SUCH_PROCESS: 'E03',
} as const

const WATCH_WORDS = { write: 'watch', read: 'rwatch', access: 'awatch' } as const

/** A remote as a process of GDB's: what its packets read and write of it. */
export class Inferior {
  /** The number of the process; its one thread has the number 1. */
  readonly pid: number
  readonly target: DebugTarget
  /** The signal with which it crashed, once it has. */
  crashed: number | undefined
  /** What the debugger has set conditions for, by address. */
  readonly #conditions = new Map<number, readonly Uint8Array[]>()

  constructor(pid: number, target: DebugTarget) {
    this.pid = pid
    this.target = target
  }

  /** The registers of the first feature, in their order: the packet `g`. */
  registers(): string {
    return this.#general()
      .map((number) => this.register(number))
      .join('')
  }

  /** The packet `G`. @returns whether it was of the right size */
  writeRegisters(hex: string): boolean {
    const { core } = this.target
    const bytes = fromHex(hex)
    const sizes = this.#general().map((number) => sizeOf(core, number))
    if (bytes?.length !== sizes.reduce((sum, size) => sum + size, 0)) return false
    let at = 0
    this.#general().forEach((number, i) => {
      const size = sizes[i] ?? 0
      core.writeRegister(number, littleEndian(bytes.subarray(at, at + size)))
      at += size
    })
    return true
  }

  /** The packet `p`: the register's bytes, little endian; undefined where there is none. */
  register(number: number): string | undefined {
    const { core } = this.target
    const value = core.readRegister(number)
    if (value === undefined) return undefined
    const size = sizeOf(core, number)
    return toHex(
      Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn)),
    )
  }

  /** The packet `P`. */
  writeRegister(number: number, hex: string): boolean {
    const bytes = fromHex(hex)
    if (bytes === undefined || bytes.length !== sizeOf(this.target.core, number)) return false
    return this.target.core.writeRegister(number, littleEndian(bytes))
  }

  /** As much of the range as answers; undefined where nothing of it does. */
  read(address: number, length: number): Uint8Array | undefined {
    const bytes = new Uint8Array(length)
    const view = new DataView(bytes.buffer)
    for (const { at, size } of accesses(address, length)) {
      const value = this.target.core.load(address + at, size)
      if (value < 0) return at === 0 ? undefined : bytes.subarray(0, at)
      if (size === 4) view.setUint32(at, value, true)
      else if (size === 2) view.setUint16(at, value, true)
      else view.setUint8(at, value)
    }
    return bytes
  }

  /** @returns whether all of it was written */
  write(address: number, bytes: Uint8Array): boolean {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (const { at, size } of accesses(address, bytes.length)) {
      const value =
        size === 4
          ? view.getUint32(at, true)
          : size === 2
            ? view.getUint16(at, true)
            : view.getUint8(at)
      if (!this.target.core.store(address + at, size, value)) return false
    }
    return true
  }

  /**
   * The packets `Z` and `z`.
   * @param type 0 and 1 a breakpoint, 2 to 4 a watchpoint for writing, reading, both
   * @param conditions agent expressions: a breakpoint that has some stops where one of them holds
   * @returns false for another type
   */
  setPoint(
    type: string,
    address: number,
    size: number,
    set: boolean,
    conditions: readonly Uint8Array[],
  ): boolean {
    const { control } = this.target.core
    if (type === '0' || type === '1') {
      this.#conditions.delete(address)
      if (set && conditions.length > 0) this.#conditions.set(address, conditions)
      if (set) control.addBreakpoint(address)
      else control.removeBreakpoint(address)
      return true
    }
    const kind = watchKinds[type]
    if (kind === undefined) return false
    if (set) control.addWatchpoint({ kind, address, size: Math.max(1, size) })
    else control.removeWatchpoint({ kind, address, size: Math.max(1, size) })
    return true
  }

  /** Whether the breakpoint at `address`, to which the remote has come, stops it. */
  stopsAt(address: number): boolean {
    const conditions = this.#conditions.get(address)
    return conditions?.some((code) => holds(code, this.target.core)) ?? true
  }

  /** The number of the signal that `halt` is, and what more a stop reply says of it. */
  stopReply(halt: DebugHalt, breakpointWord: boolean): { signal: number; more: string } {
    switch (halt.kind) {
      case 'halted':
        return { signal: SIGNALS.SIGINT, more: '' }
      case 'breakpoint':
        return { signal: SIGNALS.SIGTRAP, more: breakpointWord ? 'swbreak:;' : '' }
      case 'watchpoint':
        return {
          signal: SIGNALS.SIGTRAP,
          more: `${WATCH_WORDS[halt.watch]}:${halt.address.toString(16)};`,
        }
      case 'fault':
      case 'crashed':
        return { signal: SIGNALS[halt.signal], more: '' }
      case 'stepped':
      case 'started':
        return { signal: SIGNALS.SIGTRAP, more: '' }
    }
  }

  #general(): readonly number[] {
    const [first] = this.target.core.features
    return (first?.registers ?? []).map(({ number }) => number)
  }
}

const watchKinds: Readonly<Record<string, WatchKind>> = { 2: 'write', 3: 'read', 4: 'access' }

/** Bytes of a register. */
function sizeOf({ features }: CoreDebug, number: number): number {
  for (const { registers } of features) {
    const register = registers.find((other) => other.number === number)
    if (register !== undefined) return register.bits / 8
  }
  return 0
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

/** A range as aligned accesses, the widest first: a device's register is touched as a whole. */
function* accesses(address: number, length: number): Iterable<{ at: number; size: 1 | 2 | 4 }> {
  for (let at = 0; at < length; ) {
    const left = length - at
    const here = address + at
    const size = here % 4 === 0 && left >= 4 ? 4 : here % 2 === 0 && left >= 2 ? 2 : 1
    yield { at, size }
    at += size
  }
}
