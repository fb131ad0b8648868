import { OpenampError } from '../../base/errors.js'

// Numbers of Linux's headers, which are the same on x86-64, arm64, riscv64 and 32-bit Arm.
export const AF_UNIX = 1
export const AF_NETLINK = 16
export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
export const NETLINK_KOBJECT_UEVENT = 15
export const SOCK_NONBLOCK = 0x800
export const SOCK_CLOEXEC = 0x8_0000
export const SOL_SOCKET = 1
export const SO_RCVTIMEO = 20
export const SCM_RIGHTS = 1
export const MSG_CTRUNC = 8
export const MSG_DONTWAIT = 0x40
export const MSG_NOSIGNAL = 0x4000
export const MSG_CMSG_CLOEXEC = 0x4000_0000
export const RWF_NOWAIT = 8
export const F_GETFL = 3
export const F_SETFL = 4
export const F_SETOWN = 8
export const F_SETSIG = 10
export const F_ADD_SEALS = 1033
export const F_GET_SEALS = 1034
export const F_SEAL_SEAL = 1
export const F_SEAL_SHRINK = 2
export const F_SEAL_GROW = 4
export const MFD_CLOEXEC = 1
export const MFD_ALLOW_SEALING = 2
export const LOCK_EX = 2
export const LOCK_NB = 4
export const O_NONBLOCK = 0x800
export const O_ASYNC = 0x2000
export const O_CLOEXEC = 0x8_0000
export const SIGKILL = 9
export const EFD_NONBLOCK = 0x800
export const EFD_CLOEXEC = 0x8_0000
export const EPOLL_CLOEXEC = 0x8_0000
export const EPOLL_CTL_ADD = 1
export const EPOLL_CTL_DEL = 2
export const EPOLLIN = 1
export const EPOLLPRI = 2
export const EPOLLOUT = 4
export const EPOLLET = 0x8000_0000
export const PROT_READ_WRITE = 3
export const MAP_SHARED = 1
export const MAP_FIXED = 0x10
/** MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE */
export const MAP_NOTHING_HERE = 0x4032

export const ERRNO = {
  EINTR: 4,
  EAGAIN: 11,
  EINVAL: 22,
  ENOSPC: 28,
  EPIPE: 32,
  ENOTSOCK: 88,
  EOPNOTSUPP: 95,
  EADDRINUSE: 98,
  ECONNRESET: 104,
  ECONNREFUSED: 111,
} as const

/** A C function that may block, called on a thread of libuv's pool. */
type Async<A extends readonly unknown[]> = (
  ...args: [...A, (error: unknown, result: number) => void]
) => void

/** The functions of the C library that machines need and Node does not have. */
export interface Libc {
  readonly socket: (domain: number, type: number, protocol: number) => number
  /** `ends` are two numbers of 32 bits. */
  readonly socketpair: (domain: number, type: number, protocol: number, ends: Uint8Array) => number
  readonly bind: (fd: number, address: Uint8Array, length: number) => number
  readonly connect: (fd: number, address: Uint8Array, length: number) => number
  readonly listen: (fd: number, backlog: number) => number
  readonly accept4: (fd: number, address: null, length: null, flags: number) => number
  readonly recvmsg: (fd: number, message: Uint8Array, flags: number) => number
  readonly recv: (fd: number, bytes: Uint8Array, length: number, flags: number) => number
  readonly sendmsg: (fd: number, message: Uint8Array, flags: number) => number
  readonly send: (fd: number, bytes: Uint8Array, length: number, flags: number) => number
  readonly setsockopt: (
    fd: number,
    level: number,
    option: number,
    value: Uint8Array,
    length: number,
  ) => number
  readonly preadv2: (
    fd: number,
    iov: Uint8Array,
    count: number,
    offset: number,
    flags: number,
  ) => number
  readonly fcntl: (fd: number, command: number, argument: number) => number
  /** `ends` are two numbers of 32 bits: the reading end, and the writing one. */
  readonly pipe2: (ends: Uint8Array, flags: number) => number
  readonly flock: (fd: number, operation: number) => number
  readonly ioctl: (fd: number, request: number, argument: Uint8Array | null) => number
  /** The same for requests that take a number itself, and not the address of one. */
  readonly ioctlValue: (fd: number, request: number, value: number) => number
  readonly fallocate: (fd: number, mode: number, offset: number, length: number) => number
  readonly memfd_create: (name: string, flags: number) => number
  readonly eventfd: (initial: number, flags: number) => number
  readonly epoll_create1: (flags: number) => number
  readonly epoll_ctl: (epoll: number, operation: number, fd: number, event: Uint8Array) => number
  readonly epoll_wait: Async<[epoll: number, events: Uint8Array, count: number, timeout: number]>
  readonly mmap: (
    address: number,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ) => number
  readonly munmap: (address: number, length: number) => number
  readonly mount: (
    source: string,
    target: string,
    type: string,
    flags: number,
    data: string,
  ) => number
  readonly umount2: (target: string, flags: number) => number
  /** `errno` of the last of these calls that was not asynchronous. */
  readonly errno: () => number
  /** The bytes at an address, not copied. */
  readonly view: (address: number, length: number) => ArrayBuffer
  /** Where the bytes of an array are; it must not be let go of while C uses them. */
  readonly address: (bytes: Uint8Array) => bigint
}

/** Where all of it holds. On 32-bit Arm only what passes no offset of a file: no `mmap`, no `preadv2`. */
const ARCHITECTURES: readonly string[] = ['x64', 'arm64', 'riscv64']

let loading: Promise<Libc> | undefined

/**
 * The C library, through the optional package koffi.
 * @param user what needs it, for messages: "vhost-user"
 * @param more architectures on which that much of it is enough: "arm"
 * @throws ERR_SYSTEM where that is not installed, or this is not Linux on such a machine
 */
export async function loadLibc(user: string, more: readonly string[] = []): Promise<Libc> {
  const { platform, arch } = process
  const able = [...ARCHITECTURES, ...more]
  if (platform !== 'linux' || !able.includes(arch)) {
    throw new OpenampError(
      'ERR_SYSTEM',
      `${user} needs Linux on ${able.slice(0, -1).join(', ')} or ${able.at(-1)}, this is ${platform} on ${arch}`,
    )
  }
  loading ??= load(user).catch((error: unknown) => {
    loading = undefined
    throw error
  })
  return loading
}

async function load(user: string): Promise<Libc> {
  const { default: koffi } = await import('koffi').catch((cause: unknown) => {
    throw new OpenampError(
      'ERR_SYSTEM',
      `${user} needs the optional package koffi: npm install koffi`,
      { cause },
    )
  })
  const c = koffi.load(null)
  return {
    socket: c.func('int socket(int, int, int)'),
    socketpair: c.func('int socketpair(int, int, int, void *)'),
    bind: c.func('int bind(int, void *, uint32_t)'),
    connect: c.func('int connect(int, void *, uint32_t)'),
    listen: c.func('int listen(int, int)'),
    accept4: c.func('int accept4(int, void *, void *, int)'),
    recvmsg: c.func('intptr_t recvmsg(int, void *, int)'),
    recv: c.func('intptr_t recv(int, void *, size_t, int)'),
    sendmsg: c.func('intptr_t sendmsg(int, void *, int)'),
    send: c.func('intptr_t send(int, void *, size_t, int)'),
    preadv2: c.func('intptr_t preadv2(int, void *, int, int64_t, int)'),
    setsockopt: c.func('int setsockopt(int, int, int, void *, uint32_t)'),
    fcntl: c.func('int fcntl(int, int, int)'),
    pipe2: c.func('int pipe2(void *, int)'),
    flock: c.func('int flock(int, int)'),
    ioctl: c.func('int ioctl(int, ulong, void *)'),
    ioctlValue: c.func('int ioctl(int, ulong, ulong)'),
    fallocate: c.func('int fallocate(int, int, int64_t, int64_t)'),
    memfd_create: c.func('int memfd_create(const char *, uint32_t)'),
    eventfd: c.func('int eventfd(uint32_t, int)'),
    epoll_create1: c.func('int epoll_create1(int)'),
    epoll_ctl: c.func('int epoll_ctl(int, int, int, void *)'),
    epoll_wait: c.func('int epoll_wait(int, void *, int, int)').async,
    mmap: c.func('intptr_t mmap(intptr_t, size_t, int, int, int, int64_t)'),
    munmap: c.func('int munmap(intptr_t, size_t)'),
    mount: c.func('int mount(const char *, const char *, const char *, ulong, const char *)'),
    umount2: c.func('int umount2(const char *, int)'),
    errno: () => koffi.errno(),
    view: (address, length) => koffi.view(BigInt(address), length),
    address: (bytes) => koffi.address(bytes),
  }
}

/** An error of a call that failed a moment ago, with what it was about. */
export function systemError(libc: Libc, what: string): OpenampError {
  return new OpenampError('ERR_SYSTEM', `${what}: error ${libc.errno()} of the system`)
}
