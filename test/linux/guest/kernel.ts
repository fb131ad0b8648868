import { closeSync, constants, openSync, readSync, writeFileSync, writeSync } from 'node:fs'
import koffi from 'koffi'
import { say } from './told.js'

/** How often each call of the kernel's was made, by driver, call and outcome. */
const calls = new Map<string, number>()

/** Makes a call of a kernel driver's, and counts it with what came of it. */
export function call<T>(driver: string, name: string, action: () => T): T {
  const count = (outcome: string): void => {
    const key = JSON.stringify([driver, name, outcome])
    calls.set(key, (calls.get(key) ?? 0) + 1)
  }
  try {
    const result = action()
    count('ok')
    return result
  } catch (error) {
    count(codeOf(error))
    throw error
  }
}

/** Adds to the count what was seen of a driver without a call of ours. */
export function seen(driver: string, what: string, count = 1): void {
  const key = JSON.stringify([driver, what, 'ok'])
  calls.set(key, (calls.get(key) ?? 0) + count)
}

export function sayCalls(): void {
  say(
    'calls',
    [...calls].map(([key, count]) => [...JSON.parse(key), count]),
  )
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)

/** What `action` returns, or the code of what it throws. */
export function outcome(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    return codeOf(error)
  }
}

const libc = koffi.load(null)
const cIoctl: (fd: number, request: bigint, argument: Uint8Array | null) => number = libc.func(
  'int ioctl(int, ulong, void *)',
)
const ERRNO: Readonly<Record<number, string>> = { 16: 'EBUSY', 22: 'EINVAL', 25: 'ENOTTY' }

function ioctl(fd: number, request: bigint, argument: Uint8Array | null): number {
  const result = cIoctl(fd, request, argument)
  if (result >= 0) return result
  const number = koffi.errno()
  throw Object.assign(new Error('ioctl'), { code: ERRNO[number] ?? `errno ${number}` })
}

const room = Buffer.alloc(512)

/** A character device that carries messages: `/dev/rpmsg0`, `/dev/ttyRPMSG0`. */
export class Messages {
  readonly #driver: string
  readonly #fd: number

  constructor(path: string, driver = 'rpmsg_char') {
    this.#driver = driver
    const flags = constants.O_RDWR | constants.O_NOCTTY
    this.#fd = call(driver, 'open', () => openSync(path, flags))
  }

  send(message: Uint8Array | string): void {
    const bytes = Buffer.from(message)
    call(this.#driver, 'write', () => writeSync(this.#fd, bytes))
  }

  receive(): Buffer {
    return call(this.#driver, 'read', () => {
      const length = readSync(this.#fd, room, 0, room.length, null)
      return Buffer.from(room.subarray(0, length))
    })
  }

  echo(message: Uint8Array | string): Buffer {
    this.send(message)
    return this.receive()
  }

  /** RPMSG_DESTROY_EPT_IOCTL */
  destroyEndpoint(): void {
    call(this.#driver, 'RPMSG_DESTROY_EPT_IOCTL', () => ioctl(this.#fd, 0xb502n, null))
  }

  close(): void {
    call(this.#driver, 'close', () => closeSync(this.#fd))
  }
}

/** Any address (RPMSG_ADDR_ANY). */
export const ANY = 0xffff_ffff

/** `/dev/rpmsg_ctrlN`; requests of include/uapi/linux/rpmsg.h. */
export class Control {
  readonly #fd: number

  constructor(path: string) {
    this.#fd = call('rpmsg_ctrl', 'open', () => openSync(path, constants.O_RDWR))
  }

  createEndpoint(name: string, source: number, destination: number): void {
    this.#request('RPMSG_CREATE_EPT_IOCTL', 0x4028_b501n, name, source, destination)
  }

  createDevice(name: string, source: number, destination: number): void {
    this.#request('RPMSG_CREATE_DEV_IOCTL', 0x4028_b503n, name, source, destination)
  }

  releaseDevice(name: string, source: number, destination: number): void {
    this.#request('RPMSG_RELEASE_DEV_IOCTL', 0x4028_b504n, name, source, destination)
  }

  #request(what: string, request: bigint, name: string, source: number, destination: number): void {
    // struct rpmsg_endpoint_info
    const info = Buffer.alloc(40)
    info.write(name)
    info.writeUInt32LE(source, 32)
    info.writeUInt32LE(destination, 36)
    call('rpmsg_ctrl', what, () => ioctl(this.#fd, request, info))
  }
}

/** Writes an attribute in sysfs or debugfs. */
export function setAttribute(driver: string, path: string, value: string): void {
  const name = path.slice(path.lastIndexOf('/') + 1)
  call(driver, `${name} < ${value.length > 20 ? '…' : value}`, () => writeFileSync(path, value))
}
