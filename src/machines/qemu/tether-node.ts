import { closeSync } from 'node:fs'
import {
  F_SETFL,
  F_SETOWN,
  F_SETSIG,
  type Libc,
  O_ASYNC,
  O_CLOEXEC,
  SIGKILL,
  systemError,
} from '../native/libc-node.js'

/**
 * Ends a child process when this one ends, however it does: the child is given the reading end of a
 * pipe, on which the kernel signals it SIGKILL as soon as the writing end is closed.
 */
export class Tether {
  /** The end for the child, to be closed here by `tie`. */
  readonly end: number
  readonly #libc: Libc
  readonly #writing: number

  constructor(libc: Libc) {
    this.#libc = libc
    const ends = new Int32Array(2)
    if (libc.pipe2(new Uint8Array(ends.buffer), O_CLOEXEC) !== 0) throw systemError(libc, 'pipe2')
    this.end = ends[0] ?? -1
    this.#writing = ends[1] ?? -1
  }

  /**
   * To be called when the child has been spawned, in the same turn.
   * @param pid undefined where it could not be
   */
  tie(pid: number | undefined): void {
    try {
      if (pid === undefined) return
      this.#set(F_SETSIG, SIGKILL)
      this.#set(F_SETOWN, pid)
      this.#set(F_SETFL, O_ASYNC)
    } finally {
      closeSync(this.end)
    }
  }

  /** The child has ended, or is to. */
  cut(): void {
    closeSync(this.#writing)
  }

  #set(command: number, argument: number): void {
    if (this.#libc.fcntl(this.end, command, argument) !== 0) throw systemError(this.#libc, 'fcntl')
  }
}
