import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { Duplex } from 'node:stream'
import { OpenampError } from '../../base/errors.js'
import type { Libc } from '../native/libc-node.js'
import { hear, ring } from './bytes.js'
import type { QemuDescription } from './description.js'
import type { MachineMemory } from './machine-memory-node.js'
import { powerOnProgram } from './power-on.js'
import { Tether } from './tether-node.js'

/** How QEMU has ended. */
export type QemuEnd =
  /** Code 0 is in order; any other is the firmware's own. */
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'failed'; readonly reason: string }

export interface QemuListener {
  /** Channels that the remote has rung, as bits. */
  rung(channels: number): void
  console(bytes: Uint8Array): void
  /** QEMU has ended, and all that was said before was handed on. Called once. */
  ended(end: QemuEnd): void
}

// Descriptors of QEMU's: its memory, then the tether, its UARTs, and what it is to load.
const RAM_FD = 3
const SERIALS_FD = 5
/** What QEMU says when it fails is short. */
const WORDS_MAX = 4096

/** One life of a remote: a QEMU that is running. */
export class QemuProcess {
  readonly #child: ChildProcess
  readonly #name: string
  readonly #doorbells: Duplex
  /** Channels that are rung when QEMU has read what it was sent before. */
  #waiting = 0
  #words = ''
  readonly ended: Promise<void>

  /** @param entry the device address at which the core begins, where the machine wants one */
  constructor(
    libc: Libc,
    program: string,
    description: QemuDescription,
    memory: MachineMemory,
    entry: number,
    listener: QemuListener,
  ) {
    this.#name = description.program
    const { serials } = description
    const files = memory.files()
    const tether = new Tether(libc)
    const loadFd = SERIALS_FD + serials.length
    const child = spawn(
      program,
      [
        ...qemuArguments(description),
        ...serials.flatMap((_, i) => [
          ...['-chardev', `socket,id=serial${i},fd=${SERIALS_FD + i}`],
          ...['-serial', `chardev:serial${i}`],
        ]),
        ...files.flatMap(({ da }, i) => [
          ...['-device', `loader,file=/proc/self/fd/${loadFd + i},addr=${da},force-raw=on`],
        ]),
        ...startArguments(description, entry),
        ...(description.args ?? []),
      ],
      {
        stdio: [
          ...(['ignore', 'pipe', 'pipe'] as const),
          ...[memory.ram, tether.end],
          ...serials.map(() => 'pipe' as const),
          ...files.map(({ fd }) => fd),
        ],
      },
    )
    for (const { fd } of files) closeSync(fd)
    this.#child = child
    try {
      tether.tie(child.pid)
    } catch (error) {
      this.kill()
      tether.cut()
      throw error
    }
    this.#doorbells = this.#listen(listener, serials)
    this.ended = new Promise((resolve) => {
      let over = false
      const end = (how: QemuEnd): void => {
        if (over) return
        over = true
        tether.cut()
        listener.ended(how)
        resolve()
      }
      child.on('error', (error) => {
        if (child.pid === undefined) end({ kind: 'failed', reason: error.message })
      })
      child.on('close', (code, signal) => end(this.#how(code, signal)))
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Rings for channels (bits). */
  ring(channels: number): void {
    // A remote that does not read is not sent more and more: a bell that has rung has rung.
    if (this.#doorbells.writableNeedDrain) this.#waiting |= channels
    else if (this.#doorbells.writable) this.#doorbells.write(ring(channels))
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #listen(listener: QemuListener, serials: QemuDescription['serials']): Duplex {
    const { stdio } = this.#child
    for (const words of stdio.slice(1, 3)) {
      words?.on('data', (bytes: Buffer) => {
        this.#words = `${this.#words}${bytes}`.slice(-WORDS_MAX)
      })
    }
    const sockets = serials.map((serial, i) => {
      const socket = stdio[SERIALS_FD + i]
      if (!(socket instanceof Duplex)) {
        throw new OpenampError('ERR_SYSTEM', `${this.#name}: no socket for a UART`)
      }
      socket.on('data', (bytes: Buffer) => {
        const { channels, text } =
          serial === 'doorbells' ? hear(bytes) : { channels: 0, text: new Uint8Array(bytes) }
        if (text.length > 0) listener.console(text)
        if (channels !== 0) listener.rung(channels)
      })
      // Who has ended is told by the end of the process.
      socket.on('error', () => {})
      return { serial, socket }
    })
    const doorbells = sockets.find(({ serial }) => serial === 'doorbells')?.socket
    if (doorbells === undefined) {
      throw new OpenampError('ERR_USAGE', `${this.#name}: no UART carries the doorbells`)
    }
    doorbells.on('drain', () => {
      const channels = this.#waiting
      this.#waiting = 0
      if (channels !== 0) this.ring(channels)
    })
    return doorbells
  }

  #how(code: number | null, signal: NodeJS.Signals | null): QemuEnd {
    const words = this.#words.trim()
    // QEMU's own failures have code 1 and a reason.
    if (code !== null && !(code === 1 && words !== '')) return { kind: 'code', code }
    const how = signal === null ? `exited with code ${code}` : `was killed by ${signal}`
    const said = words === '' ? '' : `: ${words.split('\n').at(-1)}`
    return { kind: 'failed', reason: `${this.#name} (process ${this.pid}) ${how}${said}` }
  }
}

/** Arguments that let the remote begin. */
function startArguments({ start, ram }: QemuDescription, entry: number): string[] {
  if (start === 'reset') return []
  if (start === 'entry') return ['-device', `loader,addr=${entry},cpu-num=0`]
  const at = ram.da + ram.size - (ram.reserved ?? 0)
  const words = [...powerOnProgram(start.psci, entry)]
  return [
    ...words.flatMap((word, i) => [
      ...['-device', `loader,addr=${at + 4 * i},data=${word},data-len=4`],
    ]),
    ...['-device', `loader,addr=${at},cpu-num=0`],
  ]
}

/** Arguments that say what the machine is. */
function qemuArguments({ machine, ram }: QemuDescription): string[] {
  const backend = `memory-backend-file,id=ram,size=${ram.size},mem-path=/proc/self/fd/${RAM_FD}`
  return [
    ...['-M', `${machine},memory-backend=ram`, '-object', `${backend},share=on`],
    ...['-m', `size=${ram.size / 2 ** 20}M`, '-nodefaults', '-display', 'none', '-monitor', 'none'],
    // A remote that resets itself has ended: the host boots it anew, with its image as it was.
    '-no-reboot',
    // For the end of a Cortex-M's run. The target gdb keeps the host's files out of reach.
    ...['-semihosting-config', 'enable=on,target=gdb'],
  ]
}
