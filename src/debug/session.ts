import type { DebugHalt } from '../machines/emulated/debug-target.js'
import { access } from './access.js'
import { Failure, type Inferior } from './inferior.js'
import { monitor } from './monitor.js'
import {
  acknowledgement,
  frame,
  fromHex,
  PACKET_SIZE,
  PacketReader,
  parseNumber,
  toHex,
} from './packet.js'
import { type Action, RunControl } from './run-control.js'
import { targetXml } from './target-xml.js'

/** A thread, as packets name it: `p1.1`, `1`, with -1 for all and 0 for any. */
interface ThreadId {
  readonly pid: number
}

/** Of one that has just been attached to, and is in reset. */
const HALTED: DebugHalt = { kind: 'halted' }

/**
 * One debugger at the other end of a line: takes the bytes that come in, and sends its answers. It
 * stops and resumes all the remotes that it is attached to together ("all-stop"). What it does not
 * understand is answered as not supported, or with an error, and changes nothing.
 */
export class GdbSession {
  readonly #inferiors: readonly Inferior[]
  readonly #send: (bytes: Uint8Array) => void
  readonly #reader = new PacketReader()
  readonly #control: RunControl
  /** Commands are answered in their order, though one may take its time. */
  #work: Promise<void> = Promise.resolve()
  #backlog = 0
  #acknowledges = true
  #multiprocess = false
  #tellsBreakpoints = false
  #closed = false
  #last: Uint8Array | undefined

  /** @param send takes what goes to the debugger */
  constructor(inferiors: readonly Inferior[], send: (bytes: Uint8Array) => void) {
    this.#inferiors = inferiors
    this.#send = send
    this.#control = new RunControl(inferiors, {
      halted: (inferior, halt) => this.#reply(this.#stopReply(inferior, halt)),
      ended: (inferior) => this.#reply(this.#endReply(inferior)),
    })
  }

  receive(bytes: Uint8Array): void {
    let again = false
    for (const incoming of this.#reader.read(bytes)) {
      switch (incoming.kind) {
        case 'interrupt':
          this.#control.interrupt()
          break
        case 'again':
          // However often it is asked for in one go: a byte shall not cost a packet.
          if (this.#last !== undefined && !again) this.#send(this.#last)
          again = true
          break
        case 'garbled':
          if (this.#acknowledges) this.#send(acknowledgement(false))
          else this.#reply(Failure.MALFORMED)
          break
        case 'oversized':
          if (this.#acknowledges) this.#send(acknowledgement(true))
          this.#reply(Failure.MALFORMED)
          break
        case 'packet':
          if (this.#acknowledges) this.#send(acknowledgement(true))
          this.#backlog++
          this.#work = this.#work.then(() => this.#serve(incoming.data))
          break
      }
    }
  }

  /** Commands that have come in and are not answered yet. */
  get backlog(): number {
    return this.#backlog
  }

  /** Resolves when every command that has come in so far is answered. */
  async whenServed(): Promise<void> {
    await this.#work
  }

  /** The debugger has gone: every remote goes on without it. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#control.close()
  }

  async #serve(packet: string): Promise<void> {
    const reply = this.#closed ? undefined : await this.#answer(packet)
    this.#backlog--
    if (reply !== undefined) this.#reply(reply)
  }

  #reply(data: string): void {
    if (this.#closed) return
    this.#last = frame(data)
    this.#send(this.#last)
  }

  /** @returns the answer, '' for what is not supported; undefined where it comes later, or never */
  async #answer(packet: string): Promise<string | undefined> {
    const rest = packet.slice(1)
    const { current } = this.#control
    switch (packet[0]) {
      case '!':
        return 'OK'
      case '?':
        return this.#whyHalted()
      case 'q':
      case 'Q':
        return this.#query(packet)
      case 'v':
        return this.#verbose(packet)
      case 'H':
        return this.#choose(rest)
      case 'T':
        return this.#named(rest) === undefined ? Failure.NO_SUCH_PROCESS : 'OK'
      case 'c':
      case 's':
        return this.#resumeAt(rest, packet[0] === 's' ? 'step' : 'continue')
      case 'C':
      case 'S':
        return this.#resumeAt(rest.split(';')[1] ?? '', packet[0] === 'S' ? 'step' : 'continue')
      case 'D':
        return this.#detachNamed(rest)
      case 'k':
        for (const inferior of [...this.#control.attached]) this.#control.kill(inferior)
        return undefined
      case 'R':
        await this.#control.restart()
        return undefined
      default:
        return current === undefined ? Failure.NO_SUCH_PROCESS : access(packet, current)
    }
  }

  #query(packet: string): string | Promise<string> {
    const [name = '', ...rest] = packet.split(/[:,]/)
    const { attached, current } = this.#control
    switch (name) {
      case 'qSupported':
        this.#multiprocess = packet.includes('multiprocess+')
        this.#tellsBreakpoints = packet.includes('swbreak+')
        return [
          `PacketSize=${PACKET_SIZE.toString(16)}`,
          ...['QStartNoAckMode+', 'qXfer:features:read+', 'multiprocess+', 'vContSupported+'],
          ...['swbreak+', 'hwbreak+', 'ConditionalBreakpoints+'],
        ].join(';')
      case 'QStartNoAckMode':
        this.#acknowledges = false
        return 'OK'
      case 'qAttached':
        return '1'
      case 'qC':
        return current === undefined ? Failure.NO_SUCH_PROCESS : `QC${this.#id(current)}`
      case 'qfThreadInfo':
        return attached.size === 0
          ? 'l'
          : `m${[...attached].map((inferior) => this.#id(inferior)).join(',')}`
      case 'qsThreadInfo':
        return 'l'
      case 'qThreadExtraInfo': {
        const inferior = this.#named(rest[0] ?? '')
        if (inferior === undefined) return Failure.NO_SUCH_PROCESS
        return toHex(new TextEncoder().encode(inferior.target.name))
      }
      case 'qSymbol':
        return 'OK'
      case 'qXfer':
        return this.#transfer(rest)
      case 'qRcmd':
        return this.#command(rest[0] ?? '')
      default:
        return ''
    }
  }

  /** `qXfer:object:read:annex:offset,length`, already taken apart. */
  #transfer([object, read, annex, offsetText, lengthText]: readonly string[]): string {
    if (object !== 'features' || read !== 'read') return ''
    const offset = parseNumber(offsetText)
    const length = parseNumber(lengthText)
    if (offset === undefined || length === undefined) return Failure.MALFORMED
    const { current } = this.#control
    if (annex !== 'target.xml' || current === undefined) return 'E00'
    const text = targetXml(current.target.core)
    const part = text.slice(offset, offset + Math.min(length, PACKET_SIZE / 2))
    return `${offset + part.length < text.length ? 'm' : 'l'}${part}`
  }

  async #command(hex: string): Promise<string> {
    const bytes = fromHex(hex)
    const inferior = this.#control.current
    if (bytes === undefined) return Failure.MALFORMED
    if (inferior === undefined) return Failure.NO_SUCH_PROCESS
    const text = await monitor(new TextDecoder().decode(bytes), inferior.target, () =>
      this.#control.reset(inferior),
    )
    return text === '' ? 'OK' : toHex(new TextEncoder().encode(text))
  }

  async #verbose(packet: string): Promise<string | undefined> {
    const [name = '', ...rest] = packet.split(';')
    switch (name) {
      case 'vCont?':
        return 'vCont;c;C;s;S'
      case 'vCont':
        return this.#continue(rest)
      case 'vAttach': {
        const inferior = this.#inferiors.find(({ pid }) => pid === parseNumber(rest[0]))
        if (inferior === undefined || this.#control.attached.has(inferior)) {
          return Failure.NO_SUCH_PROCESS
        }
        this.#control.attach(inferior)
        return this.#stopReply(inferior)
      }
      case 'vKill': {
        const inferior = this.#control.find(parseNumber(rest[0]))
        if (inferior === undefined) return Failure.NO_SUCH_PROCESS
        this.#control.killLater(inferior)
        return 'OK'
      }
      case 'vRun': {
        const inferior = await this.#control.restart()
        return inferior === undefined ? Failure.NO_SUCH_PROCESS : this.#stopReply(inferior)
      }
      default:
        return ''
    }
  }

  /** `g` and `c` before a thread: whom the packets that follow are about. */
  #choose(text: string): string {
    const id = parseThread(text.slice(1))
    if (id === undefined) return Failure.MALFORMED
    if (id.pid <= 0) return 'OK'
    const inferior = this.#named(text.slice(1))
    if (inferior === undefined) return Failure.NO_SUCH_PROCESS
    if (text[0] === 'g') this.#control.choose(inferior)
    return 'OK'
  }

  #resumeAt(address: string, action: Action): string | undefined {
    const inferior = this.#control.current
    if (inferior === undefined) return Failure.NO_SUCH_PROCESS
    if (address !== '') {
      const pc = parseNumber(address)
      const { core } = inferior.target
      if (pc === undefined || !core.writeRegister(core.pc, BigInt(pc))) return Failure.MALFORMED
    }
    this.#control.go(new Map([[inferior, action]]))
    return undefined
  }

  /** `vCont`: for each process the first action that names it. */
  #continue(actions: readonly string[]): string | undefined {
    const chosen = new Map<Inferior, Action>()
    for (const text of actions) {
      const [what = '', thread] = text.split(':', 2)
      const action = /^[sS]/.test(what) ? 'step' : /^[cC]/.test(what) ? 'continue' : undefined
      const id = thread === undefined ? { pid: -1 } : parseThread(thread)
      if (action === undefined || id === undefined) return Failure.MALFORMED
      for (const inferior of this.#control.attached) {
        const meant = id.pid === -1 || id.pid === inferior.pid
        if (meant && !chosen.has(inferior)) chosen.set(inferior, action)
      }
    }
    if (chosen.size === 0) return Failure.NO_SUCH_PROCESS
    this.#control.go(chosen)
    return undefined
  }

  #whyHalted(): string {
    const { current } = this.#control
    return current === undefined ? 'W00' : this.#stopReply(current)
  }

  #stopReply(inferior: Inferior, halt = inferior.target.halt ?? HALTED): string {
    const { signal, more } = inferior.stopReply(halt, this.#tellsBreakpoints)
    if (halt.kind === 'crashed') inferior.crashed = signal
    return `T${byte(signal)}thread:${this.#id(inferior)};${more}`
  }

  #endReply({ crashed, pid }: Inferior): string {
    const how = crashed === undefined ? 'W00' : `X${byte(crashed)}`
    return this.#multiprocess ? `${how};process:${pid.toString(16)}` : how
  }

  /** All of them where none is named. */
  #detachNamed(text: string): string {
    const named = this.#control.find(parseNumber(text.slice(1)))
    const chosen = text === '' ? [...this.#control.attached] : named === undefined ? [] : [named]
    if (chosen.length === 0) return Failure.NO_SUCH_PROCESS
    for (const inferior of chosen) this.#control.detach(inferior)
    return 'OK'
  }

  /** The process that a thread id names, if it is attached to. */
  #named(text: string): Inferior | undefined {
    return this.#control.find(parseThread(text)?.pid)
  }

  #id({ pid }: Inferior): string {
    // Without processes of their own they are threads of one.
    return this.#multiprocess ? `p${pid.toString(16)}.1` : pid.toString(16)
  }
}

function byte(value: number): string {
  return value.toString(16).padStart(2, '0')
}

function parseThread(text: string): ThreadId | undefined {
  const [, pid] = /^p?(-1|[0-9a-f]{1,8})(?:\.(?:-1|[0-9a-f]{1,8}))?$/i.exec(text) ?? []
  return pid === undefined ? undefined : { pid: Number.parseInt(pid, 16) }
}
