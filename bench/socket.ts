import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Messages that are written at once. */
const CORKED = 64

/** A process at the other end of a Unix socket: what a program would take otherwise. */
export class UnixSocket {
  readonly #socket: Socket
  readonly #messages: number

  private constructor(socket: Socket, messages: number) {
    this.#socket = socket
    this.#messages = messages
  }

  /** @param messages of a round one way; 0 for a peer that sends everything back */
  static async open(size: number, messages: number): Promise<UnixSocket> {
    const folder = mkdtempSync(join(tmpdir(), 'openamp-bench-'))
    const path = join(folder, 'socket')
    const server = createServer()
    const connected = new Promise<Socket>((resolve) => server.once('connection', resolve))
    await new Promise<void>((resolve) => server.listen(path, resolve))
    const peer = fileURLToPath(new URL('./socket-peer.js', import.meta.url))
    const mode = messages === 0 ? 'echo' : String(messages)
    spawn(process.execPath, [peer, path, String(size), mode], { stdio: 'inherit' })
    const socket = await connected
    server.close()
    rmSync(folder, { recursive: true, force: true })
    return new UnixSocket(socket, messages)
  }

  /** Messages a second, corked; the other end reads each, and answers the last one. */
  async oneWay(payload: Uint8Array): Promise<number> {
    const socket = this.#socket
    const begun = performance.now()
    const done = new Promise((resolve) => socket.once('data', resolve))
    for (let left = this.#messages; left > 0; ) {
      socket.cork()
      let room = true
      for (let i = 0; i < CORKED && left > 0; i++, left--) room = socket.write(payload)
      socket.uncork()
      if (!room) await new Promise<void>((resolve) => socket.once('drain', resolve))
    }
    await done
    return this.#messages / ((performance.now() - begun) / 1000)
  }

  /** Microseconds from sending a message to having all of it back. */
  async roundTrips(payload: Uint8Array, times: Float64Array): Promise<Float64Array> {
    const socket = this.#socket
    let missing = 0
    let onAll = (): void => {}
    const count = (data: Uint8Array): void => {
      missing -= data.length
      if (missing === 0) onAll()
    }
    socket.on('data', count)
    for (let i = 0; i < times.length; i++) {
      const begun = performance.now()
      missing = payload.length
      const back = new Promise<void>((resolve) => {
        onAll = resolve
      })
      socket.write(payload)
      await back
      times[i] = (performance.now() - begun) * 1000
    }
    socket.off('data', count)
    return times
  }

  async close(): Promise<void> {
    this.#socket.end()
  }
}
