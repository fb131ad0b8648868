import { OpenampError } from '../base/errors.js'

/**
 * The device's configuration, on the device's side (virtio 1.2, section 2.5): bytes, and a generation
 * that changes with them, so that a driver notices when it has read across a change. None of the devices
 * here lets the driver write to it.
 */
export class ConfigSpace {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #generation = 0
  /** Told after each `update`; the transport tells the driver. */
  onChange: () => void = () => {}

  /** @param size bytes */
  constructor(size: number) {
    this.#bytes = new Uint8Array(size)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** 32 bits that differ after each `update`, until they wrap. */
  get generation(): number {
    return this.#generation
  }

  /** The device changes its configuration: one generation for all that `change` writes. */
  update(change: (view: DataView) => void): void {
    change(this.#view)
    this.#generation = (this.#generation + 1) >>> 0
    this.onChange()
  }

  /** Little-endian; bytes beyond the end read 0. */
  load(offset: number, size: 1 | 2 | 4): number {
    let value = 0
    for (let i = size - 1; i >= 0; i--) value = value * 0x100 + (this.#bytes[offset + i] ?? 0)
    return value
  }
}

/** How a driver reaches the configuration of its device. */
export interface ConfigAccess {
  load(offset: number, size: 1 | 2 | 4): number
  /** Changes with the configuration; undefined on legacy transports, which have none. */
  readonly generation: number | undefined
}

/** A device that changes its configuration more often than that while it is read is lying. */
const TRIES = 64

/**
 * Reads `length` bytes of the configuration as they were at one time: again, where the generation has
 * changed meanwhile; until two reads agree, where there is none (virtio 1.2, sections 2.5.1, 2.5.4).
 * @throws ERR_PEER where it does not come to rest
 */
export function readConfig(config: ConfigAccess, offset: number, length: number): DataView {
  let last: Uint8Array | undefined
  for (let i = 0; i < TRIES; i++) {
    const before = config.generation
    const bytes = Uint8Array.from({ length }, (_, at) => config.load(offset + at, 1))
    const after = config.generation
    const settled =
      before === undefined ? last?.every((byte, at) => byte === bytes[at]) : before === after
    if (settled === true) return new DataView(bytes.buffer)
    last = bytes
  }
  throw new OpenampError(
    'ERR_PEER',
    `the device's configuration changed during each of ${TRIES} reads (virtio 1.2, 2.5.1)`,
  )
}
