import {
  type ProxyEvent,
  ProxyServer,
  type ProxyServerOptions,
  RETARGET_CHANNEL,
  readSyscall,
  SYSCALL_ID,
  type Syscall,
  writeSyscall,
} from '../../src/proxy/index.js'
import type { Channel } from '../../src/rpmsg/index.js'
import { type RpmsgLoopback, rpmsgLoopback } from '../../src/rpmsg/loopback.js'

/** A proxy server, and a remote that speaks to it in bytes. */
export interface Session {
  readonly link: RpmsgLoopback
  readonly server: ProxyServer
  /** The remote's end of the channel. */
  readonly remote: Channel
  readonly events: readonly ProxyEvent[]
  /** Sends a call and waits for its answer. */
  ask(call: Pick<Syscall, 'id' | 'field1'> & Partial<Syscall>): Promise<Syscall>
  /** Opens a file with flags of the remote's libc. @returns the descriptor, or -1 and the error */
  open(path: string | Uint8Array, flags?: number, mode?: number): Promise<Syscall>
  write(descriptor: number, text: string): Promise<Syscall>
  read(descriptor: number, most: number): Promise<string>
}

/** Flags of Linux's, which the demo uses. */
export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  CREAT: 0o100,
  EXCL: 0o200,
  TRUNC: 0o1000,
} as const

export async function serve(options: ProxyServerOptions = {}): Promise<Session> {
  const link = rpmsgLoopback()
  const remote = link.remote.announce(RETARGET_CHANNEL)
  const channel = await link.host.channel(RETARGET_CHANNEL)
  await remote.whenBound()
  const events: ProxyEvent[] = []
  const server = ProxyServer.serve(channel, { observer: (event) => events.push(event), ...options })
  const ask: Session['ask'] = async (call) => {
    await remote.send(writeSyscall(call))
    const { data } = await remote.receive()
    const answer = readSyscall(data)
    if (answer === undefined) throw new Error(`an answer of ${data.length} bytes`)
    return answer
  }
  return {
    link,
    server,
    remote,
    events,
    ask,
    open: (path, field1 = O.RDONLY, field2 = 0o644) => {
      const bytes = typeof path === 'string' ? new TextEncoder().encode(`${path}\0`) : path
      return ask({ id: SYSCALL_ID.OPEN, field1, field2, data: bytes })
    },
    write: (field1, text) => {
      const data = new TextEncoder().encode(text)
      return ask({ id: SYSCALL_ID.WRITE, field1, field2: data.length, data })
    },
    read: async (field1, field2) => {
      const { data } = await ask({ id: SYSCALL_ID.READ, field1, field2 })
      return new TextDecoder().decode(data)
    },
  }
}
