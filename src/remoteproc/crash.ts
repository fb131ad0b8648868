import { hex } from '../base/errors.js'
import { type CodePlace, type FirmwareImage, printable } from '../firmware/index.js'
import type { CrashKind, Fault } from './machine.js'

/** Where in the source an instruction comes from, as far as the image says. */
export interface CrashPlace extends CodePlace {
  /** For images with line numbers (built with -g). */
  readonly file?: string
  readonly line?: number
}

/** What is known of a crash. */
export interface Crash {
  /** One line for a person, with everything below in it. */
  readonly reason: string
  readonly kind: CrashKind
  /** In words, where the core raised an exception: "illegal instruction". */
  readonly cause?: string
  /** The instruction at fault, or where the core was. */
  readonly pc?: number
  /** The address that could not be reached. */
  readonly address?: number
  /** The function in which `pc` lies, from the image's symbols. */
  readonly place?: CrashPlace
}

/** Puts what a machine or a ring has said of a crash together with what the image knows. */
export function describeCrash(what: string, fault: Fault, image: FirmwareImage): Crash {
  const place = fault.pc === undefined ? undefined : placeOf(fault.pc, image)
  return { ...fault, reason: withPlaces(what, image), ...(place === undefined ? {} : { place }) }
}

/** The function that `pc` lies in, and its line in the source, as far as the image says. */
function placeOf(pc: number, image: FirmwareImage): CrashPlace | undefined {
  const place = image.functionAt(pc)
  if (place === undefined) return undefined
  const source = image.lines?.find(pc)
  return source === undefined ? place : { ...place, file: source.file, line: source.line }
}

/** The reason of a crash, with the function and line of each pc that it names. */
function withPlaces(reason: string, image: FirmwareImage): string {
  return reason.replace(/\bpc 0x([0-9a-f]+)/g, (pc, digits) => {
    const place = placeOf(Number.parseInt(digits, 16), image)
    if (place === undefined) return pc
    const { name, offset, file, line } = place
    const source = file === undefined ? '' : `, ${printable(file)}:${line}`
    return `${pc} (${printable(name)}+${hex(offset)}${source})`
  })
}
