import { coreFileHeader, type FirmwareImage } from '../firmware/index.js'
import type { Crash } from './crash.js'
import type { RemoteprocEvent, Untimed } from './events.js'
import type { Processor } from './machine.js'

/** The memory and registers of a remote that has crashed, as an ELF core file. */
export interface Coredump {
  /** Of the image: a name for the file. */
  readonly firmware: string
  readonly crash: Crash
  /** Bytes of the whole file. */
  readonly size: number
  /** The file in pieces of at most 1 MiB, each the caller's own. */
  pieces(): Iterable<Uint8Array>
}

export interface CoredumpOptions {
  /**
   * As Linux has it in a remoteproc's `coredump` file. 'enabled' (the default) copies the memory first,
   * so the remote may boot again while the copy is being written; while two of them are not written
   * yet no more are taken, and an event of type 'note' says so. 'inline' takes no copy: `pieces`
   * reads the remote's memory, and a boot waits until `write` is done.
   */
  readonly mode?: 'enabled' | 'inline'
  /** Takes the dump to where it shall be: `coredumpFile` of `openamp/node`, or a function of one's own. */
  readonly write: (dump: Coredump) => void | Promise<void>
}

/** Each holds a copy of the memory, and a remote may crash faster than they are written. */
const UNWRITTEN_MAX = 2

/** Takes the dumps of one remote. */
export class Coredumps {
  readonly #options: CoredumpOptions | undefined
  readonly #emit: (event: Untimed<RemoteprocEvent>) => void
  #writing: Promise<void> = Promise.resolve()
  #unwritten = 0

  constructor(
    options: CoredumpOptions | undefined,
    emit: (event: Untimed<RemoteprocEvent>) => void,
  ) {
    this.#options = options
    this.#emit = emit
  }

  /** Resolves when the remote's memory is not needed any more. */
  async take(processor: Processor, image: FirmwareImage, crash: Crash): Promise<void> {
    if (this.#options === undefined) return
    const { mode = 'enabled', write } = this.#options
    if (this.#unwritten === UNWRITTEN_MAX) {
      const text = `no coredump is taken: ${UNWRITTEN_MAX} earlier ones are not written yet`
      this.#emit({ type: 'note', text })
      return
    }
    const dump = await takeCoredump(processor, image, crash, mode)
    this.#unwritten++
    // One after the other: they may all go to the same place.
    const writing = this.#writing
      .then(() => write(dump))
      .then(
        () => this.#emit({ type: 'coredump', size: dump.size }),
        (error: unknown) => {
          const why = error instanceof Error ? error.message : String(error)
          this.#emit({ type: 'note', text: `the coredump could not be written: ${why}` })
        },
      )
      .finally(() => {
        this.#unwritten--
      })
    this.#writing = writing
    if (mode === 'inline') await writing
  }

  /** Resolves when everything that was taken is written. */
  async written(): Promise<void> {
    await this.#writing
  }
}

const PIECE = 0x10_0000
/** Between two stretches of this length the rest of the program has its turn. */
const STRETCH = 4 * PIECE

interface Dumped {
  readonly address: number
  readonly bytes: Uint8Array
}

/**
 * What is left of a remote that touches memory no more: one segment for each of its memory regions,
 * and its registers where the machine can see them.
 */
export async function takeCoredump(
  processor: Processor,
  image: FirmwareImage,
  crash: Crash,
  mode: 'enabled' | 'inline',
): Promise<Coredump> {
  const segments: Dumped[] = []
  for (const region of processor.space.regions) {
    const bytes = mode === 'inline' ? region.bytes : await copyOf(region.bytes)
    segments.push({ address: region.da, bytes })
  }
  const { registers } = processor
  const header = coreFileHeader({
    bits: image.bits,
    machine: image.machine,
    entry: image.entry,
    segments: segments.map(({ address, bytes }) => ({ address, size: bytes.length })),
    registers,
    signal: signalOf(crash),
  })
  return {
    firmware: image.name,
    crash,
    size: segments.reduce((sum, { bytes }) => sum + bytes.length, header.length),
    *pieces() {
      yield header.slice()
      for (const { bytes } of segments) {
        for (let at = 0; at < bytes.length; at += PIECE) yield bytes.slice(at, at + PIECE)
      }
    },
  }
}

async function copyOf(bytes: Uint8Array): Promise<Uint8Array> {
  const copy = new Uint8Array(bytes.length)
  for (let at = 0; at < bytes.length; at += STRETCH) {
    copy.set(bytes.subarray(at, at + STRETCH), at)
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 0)
    })
  }
  return copy
}

/** The signal by which a debugger names what happened: numbers of POSIX systems. */
function signalOf({ kind, cause = '' }: Crash): number {
  if (kind !== 'fault') return 6 // SIGABRT
  if (cause.includes('illegal')) return 4 // SIGILL
  if (cause === 'breakpoint') return 5 // SIGTRAP
  if (cause.includes('misaligned')) return 7 // SIGBUS
  return 11 // SIGSEGV
}
