import { createServer, type Socket } from 'node:net'
import { OpenampError } from '../base/errors.js'
import type { Debugger, DebugTarget } from '../machines/emulated/debug-target.js'
import { GdbServer } from './server.js'
import type { GdbSession } from './session.js'

export interface GdbServerOptions {
  /** The TCP port; 3333 unless given, 0 for any that is free. */
  readonly port?: number
  /** The address to listen at: 127.0.0.1 unless given, for whoever can connect can do everything. */
  readonly host?: string
  /** Remotes begin halted before their first instruction, until a debugger lets them go; true. */
  readonly wait?: boolean
}

/** Bytes that are taken in one turn of the event loop: a page of requests, and no debugger sends more. */
const TURN = 0x400
/** Commands that may be under way together; a debugger waits for each answer. */
const BACKLOG_MAX = 16

/**
 * Hands on what comes in. Who asks faster than it is answered, or does not read the answers, waits: it
 * shall cost neither memory nor the rest of the program its turn.
 */
async function listenTo(
  socket: Socket,
  session: Pick<GdbSession, 'receive' | 'backlog' | 'whenServed'>,
): Promise<void> {
  const incoming: AsyncIterable<Uint8Array> = socket
  for await (const bytes of incoming) {
    for (let at = 0; at < bytes.length; at += TURN) {
      if (at > 0) await nextTurn()
      session.receive(bytes.subarray(at, at + TURN))
      if (session.backlog > BACKLOG_MAX) await session.whenServed()
      if (socket.writableNeedDrain) await drained(socket)
    }
  }
}

async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve)
  })
}

async function drained(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once('drain', resolve)
    socket.once('close', resolve)
  })
}

/** A server for GDB on a TCP port: the `debug` of an emulated machine, or of several. */
export interface GdbListener extends Debugger {
  readonly port: number
  /** Ends the connection of a debugger, and the server. */
  close(): Promise<void>
}

/**
 * Listens for GDB (`target extended-remote :3333`), one debugger at a time.
 * @throws ERR_SYSTEM where the port cannot be had
 */
export async function gdbServer(options: GdbServerOptions = {}): Promise<GdbListener> {
  const { port = 3333, host = '127.0.0.1', wait = true } = options
  const gdb = new GdbServer(wait)
  let connected: Socket | undefined
  const server = createServer((socket) => {
    if (gdb.busy) {
      socket.destroy()
      return
    }
    connected = socket
    socket.setNoDelay(true)
    const session = gdb.connect((bytes) => {
      if (socket.writable) socket.write(bytes)
    })
    // What ends it is told by `close`.
    socket.on('error', () => {})
    listenTo(socket, session).catch(() => socket.destroy())
    socket.on('close', () => {
      connected = undefined
      session.close()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === 'EADDRINUSE'
          ? 'somebody else listens there; port 0 is any that is free'
          : String(cause.code)
      const message = `GDB cannot be served on port ${port} of ${host}: ${why}`
      reject(new OpenampError('ERR_SYSTEM', message, { cause }))
    })
    server.listen(port, host, resolve)
  })
  // A remote that is up keeps the process alive, a port does not.
  server.unref()
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    get waits() {
      return gdb.waits
    },
    add: (target: DebugTarget) => gdb.add(target),
    close: async () => {
      connected?.end()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        // GDB answers the end with its own; who does not is not waited for.
        setTimeout(() => connected?.destroy(), 500).unref()
      })
    },
  }
}
