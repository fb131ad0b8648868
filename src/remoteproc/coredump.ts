import { WallClock } from '../base/clock.js'
import { OpenampError } from '../base/errors.js'
import { checkDelay, Waits } from '../base/waits.js'
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
  /**
   * The file in pieces of at most 1 MiB, each the caller's own.
   * @throws ERR_TIMEOUT (mode 'inline') where nobody waits for it any more: the memory may be in use
   */
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
  /**
   * Milliseconds of the wall clock after which nobody waits for `write` any more: not the next boot, not
   * `deinit`. 300,000 unless given, as Linux lets go of a dump (DEVCD_TIMEOUT).
   */
  readonly timeout?: number
}

const WRITE_TIMEOUT = 300_000

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
    if (options?.timeout !== undefined) checkDelay(options.timeout)
    this.#options = options
    this.#emit = emit
  }

  /** Resolves when the remote's memory is not needed any more. */
  async take(processor: Processor, image: FirmwareImage, crash: Crash): Promise<void> {
    if (this.#options === undefined) return
    const options = this.#options
    const { mode = 'enabled' } = options
    if (this.#unwritten === UNWRITTEN_MAX) {
      const text = `no coredump is taken: ${UNWRITTEN_MAX} earlier ones are not written yet`
      this.#emit({ type: 'note', text })
      return
    }
    let taken: TakenDump
    try {
      taken = await takeCoredump(processor, image, crash, mode)
    } catch (error) {
      // For want of memory, say: that is no reason to keep the remote from coming back.
      this.#emit({ type: 'note', text: `no coredump is taken: ${whyOf(error)}` })
      return
    }
    const { dump } = taken
    this.#unwritten++
    // One after the other: they may all go to the same place.
    const writing = this.#writing
      .then(() => writeDump(options, dump))
      .then(
        () => this.#emit({ type: 'coredump', size: dump.size }),
        (error: unknown) => {
          const text = `the coredump could not be written: ${whyOf(error)}`
          this.#emit({ type: 'note', text })
        },
      )
      .finally(() => {
        taken.release()
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

/** Has a dump written. @throws what `write` throws, ERR_TIMEOUT */
export async function writeDump(options: CoredumpOptions, dump: Coredump): Promise<void> {
  const { write, timeout = WRITE_TIMEOUT } = options
  // Of the wall: a virtual clock may pass any deadline at once while its remote is in reset.
  const wait = new Waits(new WallClock()).add<void>('end', 'end of its writing', { timeout })
  const written = async (): Promise<void> => write(dump)
  written().then(wait.resolve.bind(wait), (error: unknown) => {
    wait.reject(error instanceof Error ? error : new Error(String(error)))
  })
  await wait.promise
}

function whyOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const PIECE = 0x10_0000
/** Between two stretches of this length the rest of the program has its turn. */
const STRETCH = 4 * PIECE

interface Dumped {
  readonly address: number
  readonly bytes: Uint8Array
}

interface TakenDump {
  readonly dump: Coredump
  /** The dump is over: of memory that was not copied nothing is read any more. */
  release(): void
}

/**
 * What is left of a remote that touches memory no more: one segment for each of its memory regions,
 * and its registers where the machine can see them.
 */
async function takeCoredump(
  processor: Processor,
  image: FirmwareImage,
  crash: Crash,
  mode: 'enabled' | 'inline',
): Promise<TakenDump> {
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
  let released = false
  const dump: Coredump = {
    firmware: image.name,
    crash,
    size: segments.reduce((sum, { bytes }) => sum + bytes.length, header.length),
    *pieces() {
      yield header.slice()
      for (const { bytes } of segments) {
        for (let at = 0; at < bytes.length; at += PIECE) {
          if (released) {
            const why = 'the remote’s memory is in use again'
            throw new OpenampError('ERR_TIMEOUT', `coredump of ${image.name}: ${why}`)
          }
          yield bytes.slice(at, at + PIECE)
        }
      }
    },
  }
  const release = (): void => {
    released = mode === 'inline'
  }
  return { dump, release }
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
