import type { FirmwareImage, ResourceEntry, ResourceTable } from '../firmware/index.js'
import { isAnyAddress, printable } from '../firmware/index.js'
import type { ProxyEvent } from '../proxy/index.js'
import type { RemoteprocEvent } from '../remoteproc/index.js'
import type { Message } from '../rpmsg/index.js'
import type { Paint } from './paint.js'
import { duration, harmlessJson, LineBuffer } from './terminal.js'

/** Where `openamp run` tells what happens: for people, or one JSON object a line. */
export interface Reporter {
  loaded(image: FirmwareImage, table: ResourceTable | undefined): void
  event(event: RemoteprocEvent): void
  message(channel: string, message: Message, time: number): void
  channels(names: readonly { readonly name: string; readonly address: number }[]): void
  /** What a remote does with the files and the console that it is given. */
  proxy(event: ProxyEvent, time: number): void
  /** A hint for a person; machines are spared it. */
  hint(text: string): void
}

type Write = (line: string) => void

/** Lines of the remote's log that are shown when it crashes and nobody followed it. */
const LAST_WORDS = 8

export class TextReporter implements Reporter {
  readonly #status: Write
  readonly #out: Write
  readonly #paint: Paint
  readonly #followTrace: boolean
  readonly #hex: boolean
  readonly #raw: ((message: Uint8Array) => void) | undefined
  readonly #output: (descriptor: number, data: Uint8Array) => void
  /** By the name of the buffer: what one has begun is no line of another. */
  readonly #traces = new Map<string, LineBuffer>()
  readonly #console = new LineBuffer()
  readonly #lastWords: string[] = []
  #severalTraces = false

  constructor(options: {
    readonly status: Write
    readonly out: Write
    readonly paint: Paint
    readonly followTrace: boolean
    readonly hex: boolean
    /**
     * Where messages go byte for byte. Without it they go where the rest goes, and what a terminal
     * would act on is escaped.
     */
    readonly raw?: ((message: Uint8Array) => void) | undefined
    /** Where that goes which a remote writes to a console of the host's. */
    readonly output?: (descriptor: number, data: Uint8Array) => void
  }) {
    this.#status = options.status
    this.#out = options.out
    this.#paint = options.paint
    this.#followTrace = options.followTrace
    this.#hex = options.hex
    this.#raw = options.raw
    this.#output = options.output ?? (() => {})
  }

  loaded(image: FirmwareImage, table: ResourceTable | undefined): void {
    const { bold, dim } = this.#paint
    const bytes = image.loadable.reduce((sum, segment) => sum + segment.memsz, 0)
    const count = image.loadable.length === 1 ? '1 segment' : `${image.loadable.length} segments`
    this.#status(
      `${bold(printable(image.name))}  ${image.format === 'ELF' ? `${image.machineName} ${image.bits}-bit` : image.format}, entry 0x${image.entry.toString(16)}, ${count}, ${size(bytes)}`,
    )
    if (table === undefined) {
      this.#status(dim('  no resource table'))
      return
    }
    this.#severalTraces = table.entries.filter(({ kind }) => kind === 'trace').length > 1
    const where = table.da === undefined ? "of the host's own" : `at 0x${table.da.toString(16)}`
    this.#status(dim(`  resource table ${where}`))
    for (const entry of table.entries) this.#status(`    ${describeEntry(entry)}`)
  }

  event(event: RemoteprocEvent): void {
    const { green, red, yellow, dim } = this.#paint
    const at = dim(duration(event.time))
    switch (event.type) {
      case 'loaded':
        return
      case 'booted':
        this.#status(`${green('booted')}  ${at}`)
        return
      case 'announced':
        this.#status(
          `${green('announced')}  ${printable(event.name)} at 0x${event.address.toString(16)}  ${at}`,
        )
        return
      case 'destroyed':
        this.#status(
          `${yellow('destroyed')}  ${printable(event.name)} at 0x${event.address.toString(16)}  ${at}`,
        )
        return
      case 'dropped':
        this.#status(
          `${yellow('dropped')}  ${event.length} bytes from 0x${event.source.toString(16)} to 0x${event.destination.toString(16)}: ${event.reason}`,
        )
        return
      case 'trace':
        for (const line of this.#traceOf(event.buffer).push(event.text)) {
          this.#traceLine(event.buffer, line)
        }
        return
      case 'console':
        for (const line of this.#console.push(event.text)) {
          this.#status(`${dim('console │')} ${printable(line)}`)
        }
        return
      case 'note':
        this.#status(dim(`note: ${printable(event.text)}`))
        return
      case 'crashed':
        this.#flush()
        if (!this.#followTrace) {
          for (const line of this.#lastWords) this.#status(line)
        }
        // What a life has said is no last word of the next one.
        this.#lastWords.length = 0
        this.#status(`${red('crashed')}  ${printable(event.reason)}  ${at}`)
        return
      case 'coredump':
        this.#status(`coredump  ${size(event.size)} written  ${at}`)
        return
      case 'recovering':
        this.#status(`${yellow('recovering')}  ${recoveryWords(event.attempt, event.delay)}  ${at}`)
        return
      case 'recovery failed':
        this.#status(`${red('not recovered')}  ${printable(event.reason)}  ${at}`)
        return
      case 'attached':
        this.#status(`${green('attached')}  ${at}`)
        return
      case 'detached': {
        const how = event.acknowledged ? 'the remote knows' : 'the remote did not answer'
        this.#status(`${yellow('detached')}  ${how}  ${at}`)
        return
      }
      case 'suspended':
      case 'resumed':
        this.#status(`${yellow(event.type)}  ${at}`)
        return
      case 'stopped':
        this.#flush()
        this.#status(`stopped  ${stopWords[event.reason]}  ${at}`)
    }
  }

  message(_channel: string, message: Message): void {
    if (this.#hex) this.#out(toHex(message.data))
    else if (this.#raw !== undefined) this.#raw(message.data)
    else this.#out(printable(message.text().replace(/\n$/, '')))
  }

  channels(names: readonly { readonly name: string; readonly address: number }[]): void {
    this.#status('')
    this.#status(names.length === 1 ? '1 channel' : `${names.length} channels`)
    for (const { name, address } of names) {
      this.#out(`  ${this.#paint.bold(printable(name))}  0x${address.toString(16)}`)
    }
  }

  proxy(event: ProxyEvent): void {
    const { dim, yellow } = this.#paint
    switch (event.type) {
      case 'output':
        this.#output(event.descriptor, event.data)
        return
      case 'opened':
      case 'closed':
        this.#status(dim(`${event.type}  ${printable(event.path)}, descriptor ${event.descriptor}`))
        return
      case 'refused':
        this.#status(
          `${yellow('refused')}  ${event.call} of ${printable(event.what)}: ${event.errno}${event.cause === undefined ? '' : printable(` (${event.cause})`)}`,
        )
        return
      case 'malformed':
        this.#status(`${yellow('dropped')}  ${event.length} bytes that are no call`)
        return
      case 'input':
        return
    }
  }

  hint(text: string): void {
    this.#status(this.#paint.dim(text))
  }

  #traceOf(buffer: string): LineBuffer {
    const lines = this.#traces.get(buffer) ?? new LineBuffer()
    this.#traces.set(buffer, lines)
    return lines
  }

  #traceLine(buffer: string, line: string): void {
    const mark = this.#severalTraces ? printable(buffer) : 'trace'
    const shown = `${this.#paint.dim(`${mark} │`)} ${printable(line)}`
    if (this.#followTrace) this.#status(shown)
    this.#lastWords.push(shown)
    if (this.#lastWords.length > LAST_WORDS) this.#lastWords.shift()
  }

  #flush(): void {
    for (const [buffer, lines] of this.#traces) {
      for (const line of lines.flush()) this.#traceLine(buffer, line)
    }
    for (const line of this.#console.flush()) {
      this.#status(`${this.#paint.dim('console │')} ${printable(line)}`)
    }
  }
}

function recoveryWords(attempt: number, delay: number): string {
  const when = delay === 0 ? 'at once' : `in ${duration(delay * 1e6)}`
  return `${when}${attempt <= 1 ? '' : `, crash ${attempt} in a row`}`
}

const stopWords = {
  acknowledged: 'the remote acknowledged the shutdown',
  reset: 'the remote did not answer the shutdown, and was reset',
  exited: 'the remote powered itself off',
} as const

/** One JSON object a line; times are nanoseconds of virtual time. */
export class JsonReporter implements Reporter {
  readonly #out: Write
  readonly #followTrace: boolean

  constructor(out: Write, followTrace: boolean) {
    this.#out = out
    this.#followTrace = followTrace
  }

  loaded(image: FirmwareImage, table: ResourceTable | undefined): void {
    this.#print({
      event: 'loaded',
      time: 0,
      firmware: image.name,
      machine: image.machineName,
      bits: image.bits,
      entry: image.entry,
      resourceTable:
        table === undefined
          ? null
          : { address: table.da ?? null, entries: table.entries.map(describeEntry) },
    })
  }

  event(event: RemoteprocEvent): void {
    if (event.type === 'loaded') return
    if (event.type === 'trace' && !this.#followTrace) return
    const { type, time, ...rest } = event
    // All that is known of a crash, with its reason, is in `crash`.
    this.#print({ event: type, time, ...('crash' in rest ? rest.crash : rest) })
  }

  message(channel: string, message: Message, time: number): void {
    const { data, source } = message
    this.#print({
      event: 'message',
      time,
      channel,
      source,
      length: data.length,
      text: message.text(),
      hex: toHex(data),
    })
  }

  proxy(event: ProxyEvent, time: number): void {
    const { type, ...rest } = event
    if (type !== 'output') {
      this.#print({
        event: type,
        time,
        ...rest,
        ...('cause' in rest && { cause: `${rest.cause}` }),
      })
      return
    }
    const { descriptor, data } = event
    const text = new TextDecoder().decode(data)
    this.#print({ event: type, time, descriptor, text, hex: toHex(data) })
  }

  // Each was an event of its own.
  channels(): void {}

  hint(): void {}

  #print(line: Readonly<Record<string, unknown>>): void {
    this.#out(harmlessJson(line))
  }
}

/** One resource table entry in one line. */
export function describeEntry(entry: ResourceEntry): string {
  const at = (da: number) => (isAnyAddress(da) ? 'any address' : `0x${da.toString(16)}`)
  switch (entry.kind) {
    case 'carveout':
      return `carve-out ${printable(entry.name)}: ${size(entry.len)} at ${at(entry.da)}`
    case 'devmem':
      return `device memory ${printable(entry.name)}: ${size(entry.len)} at ${at(entry.da)}`
    case 'trace':
      return `trace buffer ${printable(entry.name)}: ${size(entry.len)} at ${at(entry.da)}`
    case 'vdev': {
      const kind = entry.id === 7 ? 'rpmsg' : `virtio id ${entry.id}`
      const rings = entry.vrings
        .map(({ num, da }, i, all) =>
          num === all[i - 1]?.num ? at(da) : `${num} entries at ${at(da)}`,
        )
        .join(', ')
      return `vdev ${entry.vdev} (${kind}): features 0x${entry.dfeatures.toString(16)}, rings of ${rings}`
    }
    case 'vendor':
      return `vendor entry of type ${entry.type}: ${entry.bytes.length} bytes`
    case 'unknown':
      return `unknown entry of type ${entry.type}: ${entry.bytes.length} bytes`
  }
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`
  if (bytes < 1024 * 1024) return `${+(bytes / 1024).toFixed(1)} KiB`
  return `${+(bytes / 1024 / 1024).toFixed(1)} MiB`
}
