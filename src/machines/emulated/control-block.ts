// Words of the block.
/** Bumped by the host with everything that the board could wait for. */
const SEQUENCE = 0
/** The life that shall run; 0 where none shall. */
const LIFE = 1
/** 1 from the worker's doorbell report until the host looks at the mailbox. */
const DOORBELL = 2
/** 1 from the host's request to shut down until the worker has reported the remote's answer. */
const SHUTDOWN = 3
/** 1 from the host's request to detach until the worker has reported the remote's answer. */
const DETACH = 4
/** 1 while the board shall stand still. */
const SUSPENDED = 5
const WORDS = 6

/** What host and worker tell each other without a message: the worker reads none while it runs. */
export class ControlBlock {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array

  constructor(buffer = new SharedArrayBuffer(4 * WORDS)) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
  }

  /** Read before one looks whether there is work, and slept on if there is none. */
  get sequence(): number {
    return Atomics.load(this.#words, SEQUENCE)
  }

  get life(): number {
    return Atomics.load(this.#words, LIFE)
  }

  // ---- the host's

  /** Only the life with this number may run from now on. */
  setLife(life: number): void {
    Atomics.store(this.#words, LIFE, life)
    this.wake()
  }

  /** To be called after each change that the board may wait for. */
  wake(): void {
    Atomics.add(this.#words, SEQUENCE, 1)
    Atomics.notify(this.#words, SEQUENCE)
  }

  /** To be called after the request is in the mailbox, or its absence there would be the answer. */
  expectShutdown(): void {
    Atomics.store(this.#words, SHUTDOWN, 1)
  }

  /** Likewise. */
  expectDetach(): void {
    Atomics.store(this.#words, DETACH, 1)
  }

  setSuspended(suspended: boolean): void {
    Atomics.store(this.#words, SUSPENDED, suspended ? 1 : 0)
    this.wake()
  }

  /** To be called before one looks at the mailbox: what is set later makes a new report. */
  takeDoorbell(): void {
    Atomics.store(this.#words, DOORBELL, 0)
  }

  // ---- the worker's

  /** Forgets what the last life has left. */
  begin(): void {
    Atomics.store(this.#words, DOORBELL, 0)
    Atomics.store(this.#words, SHUTDOWN, 0)
    Atomics.store(this.#words, DETACH, 0)
  }

  get suspended(): boolean {
    return Atomics.load(this.#words, SUSPENDED) === 1
  }

  get detachExpected(): boolean {
    return Atomics.load(this.#words, DETACH) === 1
  }

  detachAnswered(): void {
    Atomics.store(this.#words, DETACH, 0)
  }

  /** @returns whether a doorbell report is to be sent: none is on its way */
  ringDoorbell(): boolean {
    return Atomics.exchange(this.#words, DOORBELL, 1) === 0
  }

  get shutdownExpected(): boolean {
    return Atomics.load(this.#words, SHUTDOWN) === 1
  }

  shutdownAnswered(): void {
    Atomics.store(this.#words, SHUTDOWN, 0)
  }

  /**
   * Sleeps until the host has done something since it stood at `sequence`.
   * @returns false if nothing came within `milliseconds`
   */
  sleep(sequence: number, milliseconds: number): boolean {
    return Atomics.wait(this.#words, SEQUENCE, sequence, milliseconds) !== 'timed-out'
  }
}
