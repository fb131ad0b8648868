import { hex } from '../base/errors.js'
import { type CodePlace, type FirmwareImage, printable } from '../firmware/index.js'
import type { CrashKind, Fault } from './machine.js'

/** Where in the source an instruction comes from, as far as the image says. */
export interface CrashPlace extends CodePlace {
  /** For images with line numbers; nothing reads them yet. */
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
  const place = fault.pc === undefined ? undefined : image.functionAt(fault.pc)
  return { ...fault, reason: withPlaces(what, image), ...(place === undefined ? {} : { place }) }
}

/** The reason of a crash, with the function of each pc that it names. */
function withPlaces(reason: string, image: FirmwareImage): string {
  return reason.replace(/\bpc 0x([0-9a-f]+)/g, (pc, digits) => {
    const place = image.functionAt(Number.parseInt(digits, 16))
    return place === undefined ? pc : `${pc} (${printable(place.name)}+${hex(place.offset)})`
  })
}
