import { closeSync, constants } from 'node:fs'
import { type ErrorCode, OpenampError } from '../../base/errors.js'
import { RPMSG_NAME_SIZE } from '../../rpmsg/index.js'
import { ERRNO, type Libc } from '../native/libc-node.js'
import { openPatiently } from './open-node.js'

// Requests of include/uapi/linux/rpmsg.h: _IOW of type 0xb5 with a struct rpmsg_endpoint_info, which has
// the same 40 bytes on every architecture (a name of 32 bytes and two words of 32 bits).
const REQUEST = {
  CREATE_EPT: 0x4028_b501,
  CREATE_DEV: 0x4028_b503,
  RELEASE_DEV: 0x4028_b504,
} as const
const INFO = { NAME: 0, SRC: RPMSG_NAME_SIZE, DST: RPMSG_NAME_SIZE + 4, SIZE: 40 } as const

const EBUSY = 16
const ENXIO = 6

/** What an endpoint or device is to be: struct rpmsg_endpoint_info. */
export interface EndpointInfo {
  readonly name: string
  readonly source: number
  readonly destination: number
}

/** The control device of an RPMsg link, `/dev/rpmsg_ctrlN`: it makes endpoints and devices. */
export class Control {
  readonly #libc: Libc
  readonly #path: string

  constructor(libc: Libc, path: string) {
    this.#libc = libc
    this.#path = path
  }

  /** RPMSG_CREATE_EPT_IOCTL: an endpoint, which appears as `/dev/rpmsgN`. @throws ERR_SYSTEM */
  createEndpoint(info: EndpointInfo): void {
    this.#request('RPMSG_CREATE_EPT_IOCTL', REQUEST.CREATE_EPT, info)
  }

  /** RPMSG_CREATE_DEV_IOCTL: a service of this end's on the bus. @throws ERR_ADDRESS, ERR_SYSTEM */
  createDevice(info: EndpointInfo): void {
    this.#request('RPMSG_CREATE_DEV_IOCTL', REQUEST.CREATE_DEV, info)
  }

  /** RPMSG_RELEASE_DEV_IOCTL. @throws ERR_SYSTEM */
  releaseDevice(info: EndpointInfo): void {
    this.#request('RPMSG_RELEASE_DEV_IOCTL', REQUEST.RELEASE_DEV, info)
  }

  #request(name: string, request: number, info: EndpointInfo): void {
    const bytes = new Uint8Array(INFO.SIZE)
    const view = new DataView(bytes.buffer)
    // The last byte stays NUL: the kernel cuts there.
    bytes.set(new TextEncoder().encode(info.name).subarray(0, RPMSG_NAME_SIZE - 1), INFO.NAME)
    view.setUint32(INFO.SRC, info.source, true)
    view.setUint32(INFO.DST, info.destination, true)
    const fd = openPatiently(this.#path, constants.O_RDWR)
    try {
      if (this.#libc.ioctl(fd, request, bytes) === 0) return
      const errno = this.#libc.errno()
      const [code, why] = meaning(errno)
      throw new OpenampError(code, `${this.#path}: ${name} for ${info.name}: ${why}`)
    } finally {
      closeSync(fd)
    }
  }
}

function meaning(errno: number): readonly [ErrorCode, string] {
  switch (errno) {
    case ENXIO:
      return ['ERR_ADDRESS', 'the kernel could not make it: name and addresses are in use']
    case ERRNO.EINVAL:
      return ['ERR_ADDRESS', 'there is none of that name and these addresses']
    case EBUSY:
      return ['ERR_STATE', 'somebody else has it']
    default:
      return ['ERR_SYSTEM', `error ${errno} of the system`]
  }
}
