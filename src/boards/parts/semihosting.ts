import type { MappedMemory } from '../../cores/memory.js'
import type { Ending } from '../device.js'

// Arm's "Semihosting for AArch32 and AArch64": operations.
const SYS_OPEN = 0x01
const SYS_CLOSE = 0x02
const SYS_WRITEC = 0x03
const SYS_WRITE0 = 0x04
const SYS_WRITE = 0x05
const SYS_ISTTY = 0x09
const SYS_CLOCK = 0x10
const SYS_ERRNO = 0x13
const SYS_HEAPINFO = 0x16
const SYS_EXIT = 0x18
const SYS_EXIT_EXTENDED = 0x20

/** ADP_Stopped_ApplicationExit. */
const APPLICATION_EXIT = 0x2_0026
/** The name under which a program opens its console. */
const CONSOLE_NAME = [0x3a, 0x74, 0x74] // ":tt"
/** A text without an end is no text. */
const LONGEST_TEXT = 0x1_0000
const ENOSYS = 38

export interface SemihostingPlace {
  readonly memory: MappedMemory
  readonly cyclesPerSecond: number
  cycle(): number
  send(byte: number): void
  /** So many cycles of the core have passed. */
  pass(cycles: number): void
  end(ending: Ending): void
}

/**
 * The services that a program asks of its debugger with BKPT 0xAB: the end of the run, and the console.
 * What else there is (files of the debugger's) is refused.
 */
export class Semihosting {
  readonly #place: SemihostingPlace

  constructor(place: SemihostingPlace) {
    this.#place = place
  }

  /**
   * @param operation r0
   * @param parameter r1: a value, or the address of a block of them
   * @returns what r0 becomes
   */
  call(operation: number, parameter: number): number {
    switch (operation) {
      case SYS_OPEN:
        return this.#open(this.#word(parameter))
      case SYS_CLOSE:
        return 0
      case SYS_WRITEC:
        this.#send(this.#byte(parameter))
        return 0
      case SYS_WRITE0:
        for (let i = 0; i < LONGEST_TEXT; i++) {
          const byte = this.#byte(parameter + i)
          if (byte === 0) break
          this.#send(byte)
        }
        return 0
      case SYS_WRITE:
        return this.#write(this.#word(parameter + 4), this.#word(parameter + 8))
      case SYS_ISTTY:
        return 1
      case SYS_CLOCK:
        return Math.floor((this.#place.cycle() * 100) / this.#place.cyclesPerSecond) | 0
      case SYS_ERRNO:
        return ENOSYS
      case SYS_HEAPINFO:
        for (let i = 0; i < 4; i++) this.#place.memory.store(this.#word(parameter) + 4 * i, 4, 0)
        return 0
      case SYS_EXIT:
        this.#exit(parameter, 0)
        return 0
      case SYS_EXIT_EXTENDED:
        this.#exit(this.#word(parameter), this.#word(parameter + 4))
        return 0
      default:
        return -1
    }
  }

  #exit(reason: number, code: number): void {
    if (reason !== APPLICATION_EXIT) this.#place.end({ kind: 'failed', code: 1 })
    else if (code !== 0) this.#place.end({ kind: 'failed', code })
    else this.#place.end({ kind: 'exited' })
  }

  /** The console, and nothing else, under the handle 1. */
  #open(name: number): number {
    return CONSOLE_NAME.every((byte, i) => this.#byte(name + i) === byte) ? 1 : -1
  }

  /** @returns how many bytes could not be written */
  #write(from: number, length: number): number {
    const count = Math.min(length, LONGEST_TEXT)
    for (let i = 0; i < count; i++) this.#send(this.#byte(from + i))
    return length - count
  }

  /** In one instruction there may be many, which take the time that a UART's registers would. */
  #send(byte: number): void {
    this.#place.send(byte)
    this.#place.pass(1)
  }

  /** A byte of mapped memory, 0 elsewhere: device registers are not read by this. */
  #byte(address: number): number {
    const region = this.#place.memory.find(address | 0)
    return region?.bytes[((address | 0) - region.base) >>> 0] ?? 0
  }

  #word(address: number): number {
    let word = 0
    for (let i = 3; i >= 0; i--) word = word * 256 + this.#byte(address + i)
    return word
  }
}
