import { closeSync, constants, write } from 'node:fs'
import { promisify } from 'node:util'
import { type Clock, WallClock } from '../../base/clock.js'
import { type ErrorCode, OpenampError } from '../../base/errors.js'
import { Waits } from '../../base/waits.js'
import type { ResourceTable } from '../../firmware/index.js'
import {
  type FirmwareSource,
  type KernelDump,
  type KernelFirmware,
  type KernelLink,
  type KernelRemote,
  type KernelState,
  type TraceReader,
  wholeImage,
} from '../../remoteproc/index.js'
import { RpmsgDevice } from '../../rpmsg/index.js'
import type { Libc } from '../native/libc-node.js'
import { lifeOf } from './channels-node.js'
import { Devcoredumps } from './coredumps-node.js'
import {
  carveouts,
  debugfsTraces,
  debugPath,
  type KernelCarveout,
  resourceTableText,
} from './debugfs-node.js'
import { Endpoints } from './endpoints-node.js'
import { findFirmware, type PlacedFirmware, placeFirmware } from './firmware-path-node.js'
import { openPatiently } from './open-node.js'
import { readiness } from './readiness-node.js'
import { refusal } from './refused-node.js'
import { findRemote, type RemoteDevice, remotePath } from './remotes-node.js'
import { KernelTransport } from './transport-node.js'
import type { Tree } from './tree-node.js'

const STATES: readonly string[] = [
  'offline',
  'suspended',
  'running',
  'crashed',
  'attached',
  'detached',
]

/** RPROC_SET_SHUTDOWN_ON_RELEASE of include/uapi/linux/remoteproc_cdev.h: _IOW(0xb7, 1, __s32). */
const SET_SHUTDOWN_ON_RELEASE = 0x4004_b701
/** enum rproc_crash_type of include/linux/remoteproc.h. */
const RPROC_WATCHDOG = 1

type Meanings = Readonly<Record<string, readonly [ErrorCode, string]>>

const START: Meanings = {
  ENOENT: ['ERR_IMAGE', 'the kernel does not find the firmware'],
  EINVAL: ['ERR_IMAGE', 'the kernel does not take the firmware (dmesg says why)'],
  ENOEXEC: ['ERR_IMAGE', 'the kernel does not take the firmware (dmesg says why)'],
  ENODEV: ['ERR_SYSTEM', 'the driver cannot start the remote processor (dmesg says why)'],
  ENOMEM: ['ERR_NO_SPACE', 'the kernel has no memory for a carve-out (dmesg says which)'],
}
const STOP: Meanings = { EINVAL: ['ERR_STATE', 'the remote processor does not run'] }
const DETACH: Meanings = {
  EINVAL: ['ERR_STATE', 'it is not attached to, or its driver cannot detach'],
}
const FIRMWARE: Meanings = { EBUSY: ['ERR_STATE', 'the remote processor is not offline'] }

export interface RemoteOptions {
  readonly libc: Libc | undefined
  /** The kernel stops the remote when this program ends, however it ends. */
  readonly stopOnExit: boolean
  readonly payloadSize: number
}

/** A remote processor of this machine, through sysfs, debugfs and its devices. */
export class LinuxRemote implements KernelRemote {
  readonly name: string
  readonly clock: Clock = new WallClock()
  /** How often somebody else has written into `state`. */
  asked = 0
  readonly #tree: Tree
  readonly #device: RemoteDevice
  readonly #options: RemoteOptions
  readonly #path: string
  readonly #dumps: Devcoredumps
  #placed: PlacedFirmware | undefined
  /** The character device of REMOTEPROC_CDEV, held open. */
  #cdev: number | undefined
  #policies: { readonly recovery: string; readonly coredump: string } | undefined
  /** Writes of ours that we may yet hear of. */
  #writing = 0
  #onClose = (): void => {}
  onClose = (): void => {}
  /** Told of what may be a change, where nobody else is. */
  onChanged = (): void => {}

  constructor(tree: Tree, device: RemoteDevice, options: RemoteOptions) {
    this.name = `${device.id} (${device.name})`
    this.#tree = tree
    this.#device = device
    this.#options = options
    this.#path = remotePath(device.id)
    this.#dumps = new Devcoredumps(tree, device.id)
    if (options.stopOnExit) this.#openCdev()
  }

  get state(): KernelState {
    const word = this.#tree.line(this.#path, 'state')
    if (isState(word)) return word
    // The remote processor has gone with its driver.
    return 'offline'
  }

  get life(): string | undefined {
    return lifeOf(this.#tree, this.#device.id)
  }

  /** Carve-outs, rings and buffers as the kernel has placed them; undefined where debugfs is not mounted. */
  get carveouts(): readonly KernelCarveout[] | undefined {
    return carveouts(this.#tree, this.#device.id)
  }

  /** The resource table in the kernel's words; undefined where debugfs is not mounted. */
  get resourceTable(): string | undefined {
    return resourceTableText(this.#tree, this.#device.id)
  }

  /** Somebody has written into `state`: another program, unless it was us. */
  heardWrite(): void {
    if (this.#writing === 0) this.asked++
  }

  async firmware(): Promise<KernelFirmware | undefined> {
    return findFirmware(this.#tree, this.#tree.line(this.#path, 'firmware') ?? '')
  }

  async place(firmware: KernelFirmware): Promise<void> {
    this.#placed?.remove()
    this.#placed = undefined
    const placed = placeFirmware(this.#tree, firmware)
    this.#placed = placed
    await this.#tree.write(`${this.#path}/firmware`, placed.name, FIRMWARE)
  }

  async start(): Promise<void> {
    await this.#ask('start', START)
  }

  async stop(): Promise<void> {
    await this.#ask('stop', STOP)
  }

  async detach(): Promise<void> {
    await this.#ask('detach', DETACH)
  }

  /** What sysfs says of it now. */
  get device(): RemoteDevice {
    return findRemote(this.#tree, this.#device.id)
  }

  /** Lays an image where the kernel finds it, to stay there. @throws ERR_IMAGE, ERR_STATE, ERR_SYSTEM */
  async placeForGood(image: FirmwareSource): Promise<void> {
    await this.place(await wholeImage(image))
    this.#placed = undefined
  }

  /**
   * The channels of a remote that runs, whoever has started it, without a hand in its life. Those end with
   * `close`.
   */
  rpmsg(): RpmsgDevice {
    const waits = new Waits(this.clock)
    const link = this.openLink()
    const device = new RpmsgDevice(link.transport, { waits, acknowledge: false })
    const end = (why: string): void => {
      const error = new OpenampError('ERR_STOPPED', why)
      device.close(error)
      waits.rejectAll(() => error)
    }
    const { life } = this
    const look = (): void => {
      if (life !== undefined && this.life !== life) end(`${this.name} has ended, or begun anew`)
      else device.poll()
    }
    link.onLost = look
    this.onChanged = look
    this.#onClose = () => end(`${this.name} is let go of`)
    device.poll()
    return device
  }

  /** Recovers it from a crash by hand. @throws ERR_SYSTEM */
  async recover(): Promise<void> {
    await this.#tree.write(`${this.#path}/recovery`, 'recover')
  }

  async setPolicies(recovery: boolean, coredump: 'disabled' | 'enabled' | 'inline'): Promise<void> {
    const before = {
      recovery: this.#tree.line(this.#path, 'recovery') ?? 'enabled',
      coredump: this.#tree.line(this.#path, 'coredump') ?? 'disabled',
    }
    const wanted = { recovery: recovery ? 'enabled' : 'disabled', coredump }
    await this.#setPolicies(wanted, before)
    this.#policies = before
  }

  async crash(): Promise<void> {
    await this.#tree.write(`${debugPath(this.#device.id)}/crash`, String(RPROC_WATCHDOG))
  }

  get dumps(): readonly string[] {
    return this.#dumps.names
  }

  async takeCoredump(): Promise<KernelDump | undefined> {
    return this.#dumps.take()
  }

  traces(table: ResourceTable | undefined): readonly TraceReader[] {
    return debugfsTraces(this.#tree, this.#device.id, table)
  }

  openLink(): KernelLink {
    const { libc, payloadSize } = this.#options
    return new KernelTransport({
      tree: this.#tree,
      remote: this.#device.id,
      endpoints: new Endpoints(this.#tree, this.#device.id, libc),
      readiness: readiness(libc),
      ioctls: libc,
      clock: this.clock,
      payloadSize,
    })
  }

  async close(): Promise<void> {
    this.#onClose()
    this.onClose()
    try {
      if (this.#policies !== undefined) await this.#setPolicies(this.#policies, undefined)
    } catch {
      // A crashed one keeps its policy for coredumps (EBUSY).
    } finally {
      this.#placed?.remove()
      if (this.#cdev !== undefined) closeSync(this.#cdev)
    }
  }

  /** Sets what differs from `before`. */
  async #setPolicies(
    wanted: { readonly recovery: string; readonly coredump: string },
    before: { readonly recovery: string; readonly coredump: string } | undefined,
  ): Promise<void> {
    for (const name of ['recovery', 'coredump'] as const) {
      const now = before?.[name] ?? this.#tree.line(this.#path, name)
      if (now !== wanted[name]) await this.#tree.write(`${this.#path}/${name}`, wanted[name])
    }
  }

  async #ask(word: string, meanings: Meanings): Promise<void> {
    this.#writing++
    try {
      if (this.#cdev === undefined) {
        await this.#tree.write(`${this.#path}/state`, word, meanings)
        return
      }
      await promisify(write)(this.#cdev, word)
    } catch (error) {
      throw refusal(error, `${this.name}: ${word}`, meanings)
    } finally {
      // Inotify has it by now, and the event loop comes to that once more before the second of these.
      setImmediate(() => setImmediate(() => this.#writing--))
    }
  }

  #openCdev(): void {
    const { libc } = this.#options
    if (libc === undefined) {
      const what = 'stopOnExit needs an ioctl, and that the optional package koffi'
      throw new OpenampError('ERR_SYSTEM', `${what}: npm install koffi`)
    }
    const path = this.#tree.path('dev', this.#device.id)
    const fd = openPatiently(path, constants.O_RDWR, {
      ENOENT: ['ERR_SYSTEM', 'the kernel was built without CONFIG_REMOTEPROC_CDEV'],
    })
    const yes = new Uint8Array(Int32Array.of(1).buffer)
    if (libc.ioctl(fd, SET_SHUTDOWN_ON_RELEASE, yes) !== 0) {
      closeSync(fd)
      throw new OpenampError('ERR_SYSTEM', `${path}: error ${libc.errno()} of the system`)
    }
    this.#cdev = fd
  }
}

function isState(word: string | undefined): word is KernelState {
  return word !== undefined && STATES.includes(word)
}
