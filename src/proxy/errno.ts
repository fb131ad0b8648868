/** The C library of the remote: it decides the numbers of open flags and of some errors. */
export type Libc = 'linux' | 'newlib'

/** Error numbers on which Linux (asm-generic/errno.h) and newlib (sys/errno.h) agree. */
const SHARED = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EBADF: 9,
  EAGAIN: 11,
  EACCES: 13,
  EEXIST: 17,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EMFILE: 24,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
} as const

/** What an operation on a file is refused with, by its POSIX name. */
export type Errno = keyof typeof SHARED | 'ENAMETOOLONG' | 'ENOSYS'

const NUMBERS: Readonly<Record<Libc, Readonly<Record<Errno, number>>>> = {
  linux: { ...SHARED, ENAMETOOLONG: 36, ENOSYS: 38 },
  newlib: { ...SHARED, ENAMETOOLONG: 91, ENOSYS: 88 },
}

/** The number of an error in the remote's C library. */
export function errnoNumber(errno: Errno, libc: Libc): number {
  return NUMBERS[libc][errno]
}

/** The error of a number; EIO for those that the proxy has no name for. */
export function errnoOf(number: number, libc: Libc): Errno {
  for (const [name, value] of Object.entries(NUMBERS[libc])) {
    if (value === number && isErrno(name)) return name
  }
  return 'EIO'
}

/** True for the names that the proxy knows. */
export function isErrno(name: string): name is Errno {
  return name in NUMBERS.linux
}
