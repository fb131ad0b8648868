import type { DebugHalt } from '../machines/emulated/debug-target.js'
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
import { targetXml } from './target-xml.js'

/** Memory is in the first 4 GiB, also where addresses are longer: no access goes beyond. */
const ADDRESS_SPACE = 0x1_0000_0000

/** A thread, as packets name it: `p1.1`, `1`, with -1 for all and 0 for any. */
interface ThreadId {
  readonly pid: number
}

/** What an action of `vCont` does. */
type Action = 'continue' | 'step'

/**
 * One debugger at the other end of a line: takes the bytes that come in, and sends its answers. It
 * stops and resumes all the remotes that it is attached to together ("all-stop"). What it does not
 * understand is answered as not supported, or with an error, and changes nothing.
 */
export class GdbSession {
  readonly #inferiors: readonly Inferior[]
  readonly #send: (bytes: Uint8Array) => void
  readonly #reader = new PacketReader()
  readonly #attached = new Set<Inferior>()
  /** To be ended once the debugger has gone, unless it is run again before. */
  readonly #killed = new Set<Inferior>()
  /** Commands are answered in their order, though one may take its time. */
  #work: Promise<void> = Promise.resolve()
  #backlog = 0
  #acknowledges = true
  #multiprocess = false
  #tellsBreakpoints = false
  /** The process that registers and memory are asked of. */
  #current: Inferior | undefined
  /** The debugger waits for a stop reply. */
  #running = false
  #closed = false
  #last: Uint8Array | undefined
  /** Who waits for a new life is told whose began, or ended; nothing where there will be none. */
  #onTurn: ((inferior: Inferior | undefined) => void) | undefined

  /** @param send takes what goes to the debugger */
  constructor(inferiors: readonly Inferior[], send: (bytes: Uint8Array) => void) {
    this.#inferiors = inferiors
    this.#send = send
    const [first] = inferiors
    if (first !== undefined) this.#attach(first)
  }

  receive(bytes: Uint8Array): void {
    let again = false
    for (const incoming of this.#reader.read(bytes)) {
      switch (incoming.kind) {
        case 'interrupt':
          this.#interrupt()
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
    this.#onTurn?.(undefined)
    this.#attached.clear()
    // Also those that wait for it, though it has not come to them.
    for (const { target } of this.#inferiors) target.detach()
    for (const { target } of this.#killed) target.kill()
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
        for (const inferior of [...this.#attached]) this.#kill(inferior)
        return undefined
      case 'R':
        await this.#restart(this.#current)
        return undefined
      default:
        return this.#current === undefined
          ? Failure.NO_SUCH_PROCESS
          : this.#access(packet, this.#current)
    }
  }

  /** Registers, memory, breakpoints and watchpoints of `inferior`. */
  #access(packet: string, inferior: Inferior): string {
    const rest = packet.slice(1)
    switch (packet[0]) {
      case 'g':
        return inferior.registers()
      case 'G':
        return inferior.writeRegisters(rest) ? 'OK' : Failure.MALFORMED
      case 'p': {
        const number = parseNumber(rest)
        if (number === undefined) return Failure.MALFORMED
        return inferior.register(number) ?? Failure.NO_SUCH_PLACE
      }
      case 'P': {
        const [register, value = ''] = rest.split('=', 2)
        const number = parseNumber(register)
        if (number === undefined) return Failure.MALFORMED
        return inferior.writeRegister(number, value) ? 'OK' : Failure.NO_SUCH_PLACE
      }
      case 'm': {
        const range = parseRange(rest)
        if (range === undefined) return Failure.MALFORMED
        const length = Math.min(range.length, PACKET_SIZE / 2)
        const bytes = inferior.read(range.address, length)
        return bytes === undefined ? Failure.NO_SUCH_PLACE : toHex(bytes)
      }
      case 'M':
      case 'X': {
        const colon = rest.indexOf(':')
        const range = parseRange(rest.slice(0, Math.max(0, colon)))
        const data = rest.slice(colon + 1)
        const bytes =
          packet[0] === 'M' ? fromHex(data) : Uint8Array.from(data, (c) => c.charCodeAt(0))
        if (range === undefined || bytes?.length !== range.length) return Failure.MALFORMED
        return inferior.write(range.address, bytes) ? 'OK' : Failure.NO_SUCH_PLACE
      }
      case 'Z':
      case 'z': {
        const [type = '', ...where] = rest.split(';')[0]?.split(',') ?? []
        const range = parseRange(where.join(','))
        if (range === undefined) return Failure.MALFORMED
        const known = inferior.setPoint(type, range.address, range.length, packet[0] === 'Z')
        return known ? 'OK' : ''
      }
      default:
        return ''
    }
  }

  #query(packet: string): string | Promise<string> {
    const [name = '', ...rest] = packet.split(/[:,]/)
    switch (name) {
      case 'qSupported':
        this.#multiprocess = packet.includes('multiprocess+')
        this.#tellsBreakpoints = packet.includes('swbreak+')
        return [
          `PacketSize=${PACKET_SIZE.toString(16)}`,
          ...['QStartNoAckMode+', 'qXfer:features:read+', 'multiprocess+', 'vContSupported+'],
          ...['swbreak+', 'hwbreak+'],
        ].join(';')
      case 'QStartNoAckMode':
        this.#acknowledges = false
        return 'OK'
      case 'qAttached':
        return '1'
      case 'qC':
        return this.#current === undefined
          ? Failure.NO_SUCH_PROCESS
          : `QC${this.#id(this.#current)}`
      case 'qfThreadInfo':
        return this.#attached.size === 0
          ? 'l'
          : `m${[...this.#attached].map((inferior) => this.#id(inferior)).join(',')}`
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
    if (annex !== 'target.xml' || this.#current === undefined) return 'E00'
    const text = targetXml(this.#current.target.core)
    const part = text.slice(offset, offset + Math.min(length, PACKET_SIZE / 2))
    return `${offset + part.length < text.length ? 'm' : 'l'}${part}`
  }

  async #command(hex: string): Promise<string> {
    const bytes = fromHex(hex)
    const inferior = this.#current
    if (bytes === undefined) return Failure.MALFORMED
    if (inferior === undefined) return Failure.NO_SUCH_PROCESS
    const text = await monitor(new TextDecoder().decode(bytes), inferior.target, () =>
      this.#reset(inferior),
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
        if (inferior === undefined || this.#attached.has(inferior)) return Failure.NO_SUCH_PROCESS
        this.#attach(inferior)
        return this.#stopReply(inferior, inferior.target.halt ?? { kind: 'halted' })
      }
      case 'vKill': {
        const inferior = [...this.#attached].find(({ pid }) => pid === parseNumber(rest[0]))
        if (inferior === undefined) return Failure.NO_SUCH_PROCESS
        // It may be run again yet: so it stands still until then, or until the debugger goes.
        this.#forget(inferior)
        this.#killed.add(inferior)
        return 'OK'
      }
      case 'vRun': {
        const [killed] = this.#killed
        return this.#restart(killed ?? this.#current ?? this.#inferiors[0])
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
    if (text[0] === 'g') this.#current = inferior
    return 'OK'
  }

  #resumeAt(address: string, action: Action): string | undefined {
    const inferior = this.#current
    if (inferior === undefined) return Failure.NO_SUCH_PROCESS
    if (address !== '') {
      const pc = parseNumber(address)
      const { core } = inferior.target
      if (pc === undefined || !core.writeRegister(core.pc, BigInt(pc))) return Failure.MALFORMED
    }
    this.#go(new Map([[inferior, action]]))
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
      for (const inferior of this.#attached) {
        const meant = id.pid === -1 || id.pid === inferior.pid
        if (meant && !chosen.has(inferior)) chosen.set(inferior, action)
      }
    }
    if (chosen.size === 0) return Failure.NO_SUCH_PROCESS
    this.#go(chosen)
    return undefined
  }

  #go(actions: ReadonlyMap<Inferior, Action>): void {
    this.#running = true
    for (const [inferior, action] of actions) {
      if (!this.#running) return
      if (action === 'step') inferior.target.step()
      else inferior.target.resume()
    }
  }

  #interrupt(): void {
    if (!this.#running) return
    // The process at hand may not have been resumed, but another one.
    const inferior = [...this.#attached].find(({ target }) => target.halt === undefined)
    inferior?.target.stop()
  }

  /** A remote stands: with it stand all the others, and the debugger is told once. */
  #halted(inferior: Inferior, halt: DebugHalt): void {
    if (halt.kind === 'started') this.#onTurn?.(inferior)
    inferior.crashed = undefined
    if (!this.#running) return
    this.#running = false
    for (const { target } of this.#attached) target.stop()
    this.#current = inferior
    this.#reply(this.#stopReply(inferior, halt))
  }

  #ended(inferior: Inferior, closed: boolean): void {
    const { crashed } = inferior
    this.#onTurn?.(closed ? undefined : inferior)
    this.#forget(inferior)
    if (!this.#running) return
    this.#running = false
    for (const { target } of this.#attached) target.stop()
    const how = crashed === undefined ? 'W00' : `X${byte(crashed)}`
    this.#reply(this.#multiprocess ? `${how};process:${inferior.pid.toString(16)}` : how)
  }

  #whyHalted(): string {
    const inferior = this.#current
    if (inferior === undefined) return 'W00'
    return this.#stopReply(inferior, inferior.target.halt ?? { kind: 'halted' })
  }

  #stopReply(inferior: Inferior, halt: DebugHalt): string {
    const { signal, more } = inferior.stopReply(halt, this.#tellsBreakpoints)
    if (halt.kind === 'crashed') inferior.crashed = signal
    return `T${byte(signal)}thread:${this.#id(inferior)};${more}`
  }

  #attach(inferior: Inferior): void {
    this.#attached.add(inferior)
    this.#killed.delete(inferior)
    this.#current = inferior
    inferior.target.attach({
      halted: (halt) => this.#halted(inferior, halt),
      ended: (closed) => this.#ended(inferior, closed),
    })
  }

  #forget(inferior: Inferior): void {
    this.#attached.delete(inferior)
    if (this.#current === inferior) this.#current = [...this.#attached][0]
  }

  #detach(inferior: Inferior): void {
    this.#forget(inferior)
    inferior.target.detach()
  }

  #detachNamed(text: string): string {
    const pid = text === '' ? undefined : parseNumber(text.slice(1))
    const chosen =
      text === '' ? [...this.#attached] : [...this.#attached].filter((other) => other.pid === pid)
    if (chosen.length === 0) return Failure.NO_SUCH_PROCESS
    for (const inferior of chosen) this.#detach(inferior)
    return 'OK'
  }

  #kill(inferior: Inferior): void {
    this.#forget(inferior)
    inferior.target.kill()
  }

  /** Begins a new life of `inferior`, which then stands before its first instruction. */
  async #reset(inferior: Inferior): Promise<boolean> {
    if (inferior.target.off) return false
    const turn = new Promise<Inferior | undefined>((resolve) => {
      this.#onTurn = (who) => {
        if (who === undefined || who === inferior) resolve(who)
      }
    })
    inferior.target.reset()
    const who = await turn
    this.#onTurn = undefined
    return who === inferior && inferior.target.halt?.kind === 'started'
  }

  async #restart(inferior: Inferior | undefined): Promise<string> {
    if (inferior === undefined || !(await this.#reset(inferior))) return Failure.NO_SUCH_PROCESS
    if (!this.#attached.has(inferior)) this.#attach(inferior)
    return this.#stopReply(inferior, { kind: 'started' })
  }

  /** The process that a thread id names, if it is attached to. */
  #named(text: string): Inferior | undefined {
    const id = parseThread(text)
    return [...this.#attached].find((inferior) => id?.pid === inferior.pid)
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

/** `address,length`, all of it in the address space. */
function parseRange(
  text: string,
): { readonly address: number; readonly length: number } | undefined {
  const [first, second, ...more] = text.split(',')
  const address = parseNumber(first)
  const length = parseNumber(second)
  if (address === undefined || length === undefined || more.length > 0) return undefined
  return address + length > ADDRESS_SPACE ? undefined : { address, length }
}
