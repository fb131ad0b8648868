import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import {
  type ProcessOptions,
  type ProcessServer,
  process as processMachine,
  type RemoteEndEvent,
  type RemoteEndOptions,
  serveProcess,
} from '../../src/machines/process/index.js'
import { Remoteproc, type RemoteprocEvent } from '../../src/remoteproc/index.js'

/** A folder of this test alone. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'openamp-process-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

export interface TestHost {
  readonly rproc: Remoteproc
  readonly events: readonly RemoteprocEvent[]
  /** The next event of this type, or the last one that has come. */
  event<T extends RemoteprocEvent['type']>(type: T): Promise<RemoteprocEvent & { type: T }>
}

/** A host that has not booted yet; it ends with the test. */
export async function host(options: ProcessOptions): Promise<TestHost> {
  const machine = processMachine(options)
  const events: RemoteprocEvent[] = []
  const waiting = new Set<() => void>()
  const rproc = await Remoteproc.init({
    machine,
    observer: (event) => {
      events.push(event)
      for (const look of [...waiting]) look()
    },
  })
  onTestFinished(() => rproc.deinit())
  const event = <T extends RemoteprocEvent['type']>(type: T) =>
    new Promise<RemoteprocEvent & { type: T }>((resolve) => {
      const is = (e: RemoteprocEvent): e is RemoteprocEvent & { type: T } => e.type === type
      const look = (): void => {
        const found = events.findLast(is)
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  return { rproc, events, event }
}

export interface TestRemote {
  readonly server: ProcessServer
  readonly events: readonly RemoteEndEvent[]
}

/** A remote in this process that echoes on channel `echo`, for one host after the other. */
export async function echoRemote(options: RemoteEndOptions): Promise<TestRemote> {
  const events: RemoteEndEvent[] = []
  const server = await serveProcess({
    ...options,
    observer: (event) => events.push(event),
    remote: async (rpmsg) => {
      const channel = rpmsg.announce('echo')
      for await (const message of channel) await channel.send(message.data)
    },
  })
  onTestFinished(() => server.close())
  return { server, events }
}

/** Says something on channel `echo`, and what comes back. */
export async function say(rproc: Remoteproc, text: string): Promise<string> {
  const channel = await rproc.channel('echo')
  await channel.send(text)
  return (await channel.receive()).text()
}
