import { printable } from '../firmware/text.js'
import { ansiPaint, type Paint, plainPaint } from './paint.js'

/** The streams and settings of one command; tests hand in their own. */
export interface Terminal {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly stdin: NodeJS.ReadStream
  readonly env: NodeJS.ProcessEnv
}

/** Colour only on a terminal, and never against https://no-color.org. */
export function paintFor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Paint {
  const refused = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
  return stream.isTTY && !refused ? ansiPaint : plainPaint
}

/** Text of the remote's for a terminal: line by line, what a terminal would act on escaped. */
export function harmless(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

/**
 * The value as JSON. What JSON leaves as it is and a terminal would act on is escaped there, too: it stays
 * the same JSON.
 */
export function harmlessJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    // Line feeds are those of an indented text: in a string there is none.
    /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) =>
      Array.from({ length: character.length }, (_, i) => unicodeEscape(character, i)).join(''),
  )
}

function unicodeEscape(text: string, index: number): string {
  return `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`
}

/** Nanoseconds as a person reads them: "68.8 µs", "1.25 ms", "3.00 s". */
export function duration(nanoseconds: number): string {
  if (nanoseconds < 1e3) return `${Math.round(nanoseconds)} ns`
  if (nanoseconds < 1e6) return `${(nanoseconds / 1e3).toPrecision(3)} µs`
  if (nanoseconds < 1e9) return `${(nanoseconds / 1e6).toPrecision(3)} ms`
  return `${(nanoseconds / 1e9).toFixed(2)} s`
}

/** A line is at most so long; a remote that never ends one gets it cut. */
export const LINE_MAX = 4096

/** Collects text and gives it out in whole lines. */
export class LineBuffer {
  #rest = ''

  /** The lines that `text` completes, and of one without an end what is beyond `LINE_MAX`. */
  push(text: string): readonly string[] {
    const lines = (this.#rest + text).split('\n')
    let rest = lines.pop() ?? ''
    // Consoles end their lines with CR LF.
    const whole = lines.map((line) => line.replace(/\r$/, ''))
    for (; rest.length > LINE_MAX; rest = rest.slice(LINE_MAX)) whole.push(rest.slice(0, LINE_MAX))
    this.#rest = rest
    return whole
  }

  /** What is left without its end, if anything. */
  flush(): readonly string[] {
    const rest = this.#rest
    this.#rest = ''
    return rest === '' ? [] : [rest]
  }
}
