import { MessageChannel, Worker } from 'node:worker_threads'
import { Remoteproc } from '../dist/index.js'
import { emulated } from '../dist/machines/index.js'
import { file } from '../dist/node.js'

/** Something that sends every message back. */
export interface Echo {
  send(payload: Uint8Array): Promise<void>
  /** The next message. */
  receive(): Promise<Uint8Array>
  /** Gives each message to `callback` instead, until it is called with undefined. */
  onMessage(callback: ((data: Uint8Array) => void) | undefined): void
  close(): Promise<void>
}

/** echo.elf on the emulated board, in this thread or in a worker thread. */
export async function firmwareEcho(worker: boolean): Promise<Echo> {
  const firmware = file(new URL('../firmware/images/echo.elf', import.meta.url))
  const rproc = await Remoteproc.init({ firmware, machine: emulated({ worker }) })
  await rproc.boot()
  const channel = await rproc.channel('rpmsg-openamp-demo-channel')
  return {
    send: (payload) => channel.send(payload),
    receive: async () => (await channel.receive()).data,
    onMessage: (callback) => {
      channel.onMessage(callback && ((message) => callback(message.data)))
    },
    close: () => rproc.deinit(),
  }
}

/** A MessagePort whose other end sends everything back, in this thread or in a worker thread. */
export function messagePortEcho(worker: boolean): Echo {
  return worker ? workerPortEcho() : threadPortEcho()
}

function workerPortEcho(): Echo {
  const worker = new Worker(new URL('./port-echo.js', import.meta.url))
  return portEcho(worker, async () => {
    await worker.terminate()
  })
}

function threadPortEcho(): Echo {
  const { port1, port2 } = new MessageChannel()
  port2.on('message', (data: Uint8Array) => port2.postMessage(data))
  return portEcho(port1, async () => port1.close())
}

interface Port {
  postMessage(data: Uint8Array): void
  on(event: 'message', listener: (data: Uint8Array) => void): unknown
}

function portEcho(port: Port, close: () => Promise<void>): Echo {
  let callback: ((data: Uint8Array) => void) | undefined
  let reader: ((data: Uint8Array) => void) | undefined
  port.on('message', (data) => {
    const receive = callback ?? reader
    receive?.(data)
  })
  return {
    send: async (payload) => port.postMessage(payload),
    // Nothing is queued: `receive` comes before the event loop has its turn.
    receive: () =>
      new Promise((resolve) => {
        reader = resolve
      }),
    onMessage: (given) => {
      callback = given
    },
    close,
  }
}
