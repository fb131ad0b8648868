/** A channel, whoever the host is. */
export interface Line {
  send(data: Uint8Array | string): unknown
  receive(): Promise<Uint8Array> | Uint8Array
}

/** A host that has booted an image: ours, or the kernel. */
export interface Host {
  /** Waits until the remote announces `name`, and binds to it. */
  channel(name: string): Promise<Line>
  /** The names that the remote has announced and not destroyed. */
  announced(): readonly string[]
  /** Waits until the remote's log has a line that contains `text`. */
  traced(text: string): Promise<void>
}

async function ask(line: Line, data: Uint8Array | string): Promise<Uint8Array> {
  await line.send(data)
  return line.receive()
}

async function askText(line: Line, text: string): Promise<string> {
  return Buffer.from(await ask(line, text)).toString()
}

/** `size` × `size` numbers as the image takes them: 37 words, rows of 6. */
function matrix(size: number, element: (row: number, column: number) => number): Uint32Array {
  const words = new Uint32Array(37)
  words[0] = size
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) words[1 + 6 * row + column] = element(row, column)
  }
  return words
}

const bytesOf = (...words: readonly Uint32Array[]): Uint8Array =>
  Buffer.concat(words.map(({ buffer }) => new Uint8Array(buffer)))

/** @returns undefined where the channel has ended: what is unread then, the kernel does not give out */
async function nextCall(line: Line): Promise<Buffer | undefined> {
  try {
    return Buffer.from(await line.receive())
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EPIPE' || code === 'ERR_CLOSED') return undefined
    throw error
  }
}

/** TERM_SYSCALL_ID of OpenAMP's rpmsg_retarget.h. */
const TERM = 6

/**
 * What is said with each image of `firmware/`, and what is answered. The answers are the same under every
 * host. `virtio-console` alone is not here: it wants virtio-mmio devices of its host's, which the kernel
 * as host does not have.
 */
export const conversations: Readonly<Record<string, (host: Host) => Promise<unknown>>> = {
  echo: async (host) => {
    const line = await host.channel('rpmsg-openamp-demo-channel')
    let right = 0
    for (let length = 0; length <= 496; length++) {
      const message = Buffer.alloc(length, length)
      if (message.equals(await ask(line, message))) right++
    }
    return right
  },

  'matrix-multiply': async (host) => {
    const line = await host.channel('rpmsg-openamp-demo-channel')
    const left = matrix(6, (row, column) => row + column)
    const right = matrix(6, (row, column) => row * column + 1)
    const answer = await ask(line, bytesOf(left, right))
    return [...new Uint32Array(Uint8Array.from(answer).buffer)]
  },

  'multi-endpoint': async (host) => {
    const control = await host.channel('control')
    const log = await host.channel('log')
    await log.send('bind')
    // What was announced, destroyed and announced again before this answer has been seen by now.
    await askText(control, 'hello')
    const first = await host.channel('sensor')
    const reading = await askText(first, 'x')
    const dropped = await askText(control, 'drop sensor')
    const without = await askText(control, 'drop sensor')
    const announced = await askText(control, 'announce sensor')
    const second = await host.channel('sensor')
    const next = await askText(second, 'x')
    const sent = await askText(control, 'send 2')
    const more = [await second.receive(), await second.receive()].map(
      (data) => `${Buffer.from(data)}`,
    )
    const logged = [await log.receive(), await log.receive()].map((data) => `${Buffer.from(data)}`)
    return { reading, dropped, without, announced, next, sent, more, logged }
  },

  crash: async (host) => askText(await host.channel('crash'), 'nothing that it knows'),

  silent: async (host) => {
    await host.traced('silent')
    return host.announced()
  },

  ticker: async (host) => {
    const line = await host.channel('ticker')
    const echo = await askText(line, 'bound')
    const counters: number[] = []
    for (let i = 0; i < 3; i++) counters.push(Buffer.from(await line.receive()).readUInt32LE())
    return { echo, counters }
  },

  watched: async (host) => {
    const echo = await askText(await host.channel('watched'), 'alive')
    const heartbeat = await askText(await host.channel('openamp-heartbeat'), 'tick')
    return { echo, heartbeat }
  },

  'ping-pong': async (host) => askText(await host.channel('ping-pong'), 'abc'),

  rpc: async (host) => {
    const line = await host.channel('rpmsg-openamp-demo-channel')
    // The remote may know its host by the acknowledgement already; else it does by this.
    await line.send('init_msg\0')
    const calls: string[] = []
    for (;;) {
      const call = await nextCall(line)
      const id = call?.readUInt32LE() ?? TERM
      if (call === undefined || id === TERM) return calls
      calls.push(call.toString('latin1'))
      // Each is refused: struct rpmsg_rpc_syscall with -1 as its result.
      const answer = Buffer.alloc(16)
      answer.writeUInt32LE(id)
      answer.writeInt32LE(-1, 4)
      await line.send(answer)
    }
  },

  // It has no resource table, so neither host has a channel to it.
  'rpmsg-lite': async (host) => host.announced(),
}
