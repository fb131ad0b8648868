import { isOpenampError } from '../../base/errors.js'
import type { BoardDescription } from '../../boards/description.js'
import { type ResourceTable, readImage } from '../../firmware/index.js'
import { boardToRun } from '../../machines/emulated/board-to-run.js'
import { emulated } from '../../machines/index.js'
import { file } from '../../node.js'
import {
  type Coredump,
  type CrashKind,
  Remoteproc,
  type RemoteprocEvent,
  readLoadedTable,
} from '../../remoteproc/index.js'
import { carveoutsText, resourceTableText } from './debugfs.js'
import { attribute, type Errno, Folder, link, privateAttribute, wordOf } from './tree.js'

/** What a remote needs of its surroundings. */
export interface Surroundings {
  /** The path of a firmware file, where there is one. */
  readonly findFirmware: (name: string) => Promise<string | undefined>
  /** The remote has come up, and has an RPMsg device. */
  readonly up: (remote: KernelRproc) => void
  /** The remote has announced a channel, or destroyed it. */
  readonly announced: (remote: KernelRproc, name: string, address: number) => void
  readonly destroyed: (remote: KernelRproc, name: string, address: number) => void
  /** The remote has left its life, and all channels with it. */
  readonly gone: (remote: KernelRproc) => void
  /** A dump of the last crash; resolves once its reader has let it go. */
  readonly dumped: (remote: KernelRproc, dump: Uint8Array) => Promise<void>
  /** Something that an attribute shows has changed. */
  readonly changed: () => void
  /** A line of what Linux has in its log. */
  readonly log: (line: string) => void
}

/** enum rproc_crash_type, and rproc_crash_names. */
const CRASHES: readonly (readonly [CrashKind, string])[] = [
  ['fault', 'mmufault'],
  ['watchdog', 'watchdog'],
  ['failure', 'fatal error'],
]

const COREDUMP = ['disabled', 'enabled', 'inline'] as const

/**
 * An emulated remote under the rules of Linux's remoteproc core: what its attributes show, and which
 * orders it takes in which state (rproc_boot, rproc_shutdown, rproc_detach and rproc_set_firmware of
 * remoteproc_core.c, the stores of remoteproc_sysfs.c).
 */
export class KernelRproc {
  readonly index: number
  readonly name: string
  /** `remoteprocN` of /sys/class/remoteproc, and of debugfs. */
  readonly sysfs: Folder
  readonly debugfs: Folder
  /** The device that the remote belongs to, below /sys/devices/platform. */
  readonly device: string
  readonly #board: BoardDescription | undefined
  readonly #around: Surroundings
  #state: 'offline' | 'running' | 'crashed' = 'offline'
  #firmware: string
  #recovery = true
  #coredump: (typeof COREDUMP)[number] = 'disabled'
  /** Starts are counted: it takes as many stops. */
  #power = 0
  #crashes = 0
  #rproc: Remoteproc | undefined
  #dump: Uint8Array | undefined
  /** The kernel's mutex: orders are carried out one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(
    index: number,
    name: string,
    board: BoardDescription | undefined,
    around: Surroundings,
  ) {
    this.index = index
    this.name = name
    this.device = name.replaceAll('/', '!')
    this.#board = board
    this.#firmware = `rproc-${name}-fw`
    this.#around = around
    const recovery = [
      () => (this.#recovery ? 'enabled\n' : 'disabled\n'),
      (text: string) => this.#storeRecovery(wordOf(text)),
    ] as const
    const coredump = [
      () => `${this.#coredump}\n`,
      (text: string) => this.#storeCoredump(wordOf(text)),
    ] as const
    this.sysfs = new Folder({
      name: attribute(() => `${this.name}\n`),
      firmware: attribute(
        () => `${this.#firmware}\n`,
        (text) => this.#inTurn(async () => this.#storeFirmware(text)),
      ),
      recovery: attribute(...recovery),
      coredump: attribute(...coredump),
      // The last order: what the others say counts for a start.
      state: attribute(
        () => `${this.#state}\n`,
        (text) => this.#inTurn(() => this.#storeState(wordOf(text))),
      ),
      device: link(`../../../${this.device}`),
      subsystem: link('../../../../../class/remoteproc'),
      uevent: attribute(() => 'DEVTYPE=remoteproc\n'),
    })
    this.debugfs = new Folder({
      name: privateAttribute(() => `${this.name}\n`),
      recovery: privateAttribute(...recovery),
      crash: privateAttribute(undefined, (text) => this.#storeCrash(wordOf(text))),
      resource_table: privateAttribute(() => resourceTableText(this.#table)),
      carveout_memories: privateAttribute(() => carveoutsText(this.#table)),
      coredump: privateAttribute(...coredump),
    })
  }

  get label(): string {
    return `remoteproc${this.index}`
  }

  /** Where it is below /sys/devices. */
  get place(): string {
    return `platform/${this.device}/remoteproc/${this.label}`
  }

  get rproc(): Remoteproc | undefined {
    return this.#rproc
  }

  /** Ends it, whatever it is doing. */
  async end(): Promise<void> {
    await this.#inTurn(() => this.#powerDown())
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(action)
    this.#turn = result.then(this.#around.changed, this.#around.changed)
    return result
  }

  #log(text: string): void {
    this.#around.log(`${this.label}: ${text}`)
  }

  async #storeState(word: string): Promise<Errno | undefined> {
    if (word === 'start') return this.#start()
    if (word === 'stop') return this.#stop()
    // Only what the kernel has attached to can be detached from, and these are booted.
    if (word !== 'detach') this.#log(`unrecognised option: ${word}`)
    return 'EINVAL'
  }

  #storeFirmware(text: string): Errno | undefined {
    if (this.#state !== 'offline') {
      this.#log("can't change firmware while running")
      return 'EBUSY'
    }
    const [name = ''] = text.split('\n')
    if (name === '') return 'EINVAL'
    this.#firmware = name
    return undefined
  }

  async #storeRecovery(word: string): Promise<Errno | undefined> {
    if (word !== 'enabled' && word !== 'disabled' && word !== 'recover') return 'EINVAL'
    if (word !== 'recover') this.#recovery = word === 'enabled'
    if (word !== 'disabled') await this.#inTurn(() => this.#recover())
    return undefined
  }

  #storeCoredump(word: string): Errno | undefined {
    if (this.#state === 'crashed') return 'EBUSY'
    const mode = COREDUMP.find((known) => known === word)
    if (mode === undefined) return 'EINVAL'
    this.#coredump = mode
    return undefined
  }

  /** As kstrtouint takes numbers. */
  #storeCrash(word: string): Errno | undefined {
    if (!/^\+?(0[0-7]*|0x[0-9a-f]+|[1-9]\d*)$/i.test(word)) return 'EINVAL'
    const digits = word.replace('+', '')
    const number = /^0[0-7]/.test(digits) ? Number.parseInt(digits, 8) : Number(digits)
    if (number > 0xffff_ffff) return 'ERANGE'
    const [kind, type] = CRASHES[number] ?? (['failure', 'unknown'] as const)
    this.#log(`crash detected in ${this.name}: type ${type}`)
    if (this.#state !== 'running') return undefined
    // One that has powered itself off is none of ours any more, and runs as Linux sees it.
    if (this.#rproc?.state !== 'running') this.#crashed(`type ${type}`)
    else void this.#rproc.reportCrash(`type ${type}`, kind)
    return undefined
  }

  /** The table in the memory of the remote; while there is none to be read there, as it was loaded. */
  get #table(): ResourceTable | undefined {
    const { resourceTable, processor } = this.#rproc ?? {}
    const address = resourceTable?.da
    if (this.#state === 'offline' || processor === undefined || address === undefined) {
      return resourceTable
    }
    try {
      return readLoadedTable(processor.space, { address })
    } catch {
      return resourceTable
    }
  }

  async #start(): Promise<Errno | undefined> {
    if (++this.#power > 1) return undefined
    const why = await this.#powerUp()
    if (why !== undefined) this.#power--
    return why
  }

  async #stop(): Promise<Errno | undefined> {
    if (this.#state === 'offline') return 'EINVAL'
    if (--this.#power > 0) return undefined
    await this.#powerDown()
    this.#log(`stopped remote processor ${this.name}`)
    return undefined
  }

  async #powerUp(): Promise<Errno | undefined> {
    this.#log(`powering up ${this.name}`)
    const path = await this.#around.findFirmware(this.#firmware)
    if (path === undefined) {
      this.#log(`there is no firmware ${this.#firmware}`)
      return 'ENOENT'
    }
    let rproc: Remoteproc | undefined
    try {
      const board = boardToRun(this.#board, await readImage(file(path)))
      rproc = await Remoteproc.init({
        firmware: file(path),
        machine: emulated({ board }),
        observer: (event) => this.#event(event),
        coredump: { mode: 'inline', write: (dump) => this.#keep(dump) },
      })
      this.#rproc = rproc
      await rproc.boot()
    } catch (error) {
      this.#log(`boot failed: ${error instanceof Error ? error.message : String(error)}`)
      await this.#powerDown()
      return isOpenampError(error, 'ERR_NO_SPACE') ? 'ENOMEM' : 'EINVAL'
    }
    for (const [i, trace] of rproc.traces.entries()) {
      this.debugfs.entries.set(
        `trace${i}`,
        privateAttribute(() => trace.text()),
      )
    }
    this.#log(`remote processor ${this.name} is now up`)
    return undefined
  }

  async #powerDown(): Promise<void> {
    const rproc = this.#rproc
    this.#rproc = undefined
    this.#state = 'offline'
    for (const name of this.debugfs.entries.keys()) {
      if (name.startsWith('trace')) this.debugfs.entries.delete(name)
    }
    this.#around.gone(this)
    // The kernel asks nobody: the core goes into reset.
    await rproc?.shutdown({ deadline: 0 })
    await rproc?.deinit()
  }

  async #recover(): Promise<void> {
    if (this.#state !== 'crashed') return
    this.#log(`recovering ${this.name}`)
    await this.#powerDown()
    const dump = this.#dump
    this.#dump = undefined
    const released = dump === undefined ? undefined : this.#around.dumped(this, dump)
    if (this.#coredump === 'inline') await released
    await this.#powerUp()
  }

  #keep(dump: Coredump): void {
    this.#dump = this.#coredump === 'disabled' ? undefined : Buffer.concat([...dump.pieces()])
  }

  #crashed(reason: string): void {
    this.#state = 'crashed'
    this.#log(`crash #${++this.#crashes} in ${this.name}: ${reason}`)
    this.#around.changed()
    if (this.#recovery) void this.#inTurn(() => this.#recover())
  }

  #event(event: RemoteprocEvent): void {
    if (event.type === 'booted') {
      this.#state = 'running'
      if (this.#rproc !== undefined && this.#rproc.rpmsg.length > 0) this.#around.up(this)
      this.#around.changed()
    } else if (event.type === 'announced') {
      this.#log(`creating channel ${event.name} addr 0x${event.address.toString(16)}`)
      this.#around.announced(this, event.name, event.address)
    } else if (event.type === 'destroyed') {
      this.#log(`destroying channel ${event.name} addr 0x${event.address.toString(16)}`)
      this.#around.destroyed(this, event.name, event.address)
    } else if (event.type === 'crashed') {
      this.#crashed(event.reason)
    } else if (event.type === 'trace') {
      this.#around.changed()
    } else if (event.type === 'note') {
      this.#log(event.text)
    } else if (event.type === 'stopped' && event.reason === 'exited') {
      // Nothing tells the kernel: its state stays, and the channels do.
      this.#log('the remote has powered itself off, which Linux does not see')
    }
  }
}
