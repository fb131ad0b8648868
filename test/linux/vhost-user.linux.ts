import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  serveVhostUser,
  type VhostUserEvent,
  type VhostUserServer,
} from '../../src/machines/vhost-user/index.js'
import type { RpmsgDevice, RpmsgEvent } from '../../src/rpmsg/index.js'
import { boot, folder, type Guest, linux, program } from './guest-run.js'

const RESTARTS = 50

/** Boots the kernel with a device on a socket, and runs a part of the guest's program. */
function bootWith(socket: string, part: string, ...before: readonly string[]): Promise<Guest> {
  return boot({
    commands: [...before, program('vhost-user', part)],
    parameters: [`virtio_uml.device=${socket}:7`],
  })
}

interface Served {
  readonly socket: string
  readonly events: VhostUserEvent[]
  readonly rpmsgEvents: RpmsgEvent[]
  server: VhostUserServer
}

/**
 * Serves echoes for the kernel's drivers, with a few commands; with `restart`, by a new server for each
 * connection, which makes a file beside the socket when it is there.
 */
async function serve(restart = false): Promise<Served> {
  const socket = join(folder, `${Math.random()}.sock`)
  const events: VhostUserEvent[] = []
  const rpmsgEvents: RpmsgEvent[] = []
  let lives = 0
  const start = (): Promise<VhostUserServer> =>
    serveVhostUser({
      socket,
      observer: async (event) => {
        events.push(event)
        if (event.type !== 'closed' || !restart) return
        await served.server.close()
        served.server = await start()
        lives++
        writeFileSync(`${socket}.${lives}`, '')
      },
      remote: (rpmsg) => {
        rpmsg.events.observe((event) => rpmsgEvents.push(event))
        remote(rpmsg, () => served.server.close())
      },
    })
  const served: Served = { socket, events, rpmsgEvents, server: await start() }
  return served
}

function remote(rpmsg: RpmsgDevice, leave: () => Promise<void>): void {
  for (const name of ['rpmsg-client-sample', 'rpmsg-raw', 'rpmsg-tty', 'rpmsg-raw']) {
    const { endpoint, ...channel } = offer(rpmsg, name)
    channel.onCommand('destroy', () => endpoint.destroy())
    channel.onCommand('leave', () => void leave())
    channel.onCommand('1000 channels', async (source) => {
      for (let i = 0; i < 1000; i++) {
        rpmsg.announce('brief').close()
        if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      }
      await endpoint.sendTo('made', source)
    })
  }
  rpmsg.createEndpoint({
    address: 0x555,
    receive: (message, endpoint) => void endpoint.sendTo(message.copy(), message.source),
  })
}

function offer(rpmsg: RpmsgDevice, name: string) {
  const commands = new Map<string, (source: number) => unknown>()
  const channel = rpmsg.announce(name)
  const { endpoint } = channel
  channel.onMessage((message) => {
    const run = commands.get(message.text())
    if (run !== undefined) run(message.source)
    else void endpoint.sendTo(message.copy(), message.source).catch(() => {})
  })
  return {
    endpoint,
    onCommand: (command: string, run: (source: number) => unknown): void => {
      commands.set(`command: ${command}`, run)
    },
  }
}

const types = (events: readonly { readonly type: string }[], type: string): number =>
  events.filter((event) => event.type === type).length

describe.skipIf(linux === undefined)('the kernel as driver, over vhost-user', () => {
  test('its RPMsg drivers', async () => {
    const { server, socket, rpmsgEvents } = await serve()
    const sample = `insmod ${linux?.build}/samples/rpmsg/rpmsg_client_sample.ko count=100`
    const { said, output } = await bootWith(socket, 'drivers 66000', sample)
    expect(said).toEqual({
      echo: 'hello',
      'second open': 'EBUSY',
      'lengths 0 to 496': 497,
      '497 bytes': 'EMSGSIZE',
      // More than an index of 16 bits counts, both ways.
      'round trips': 66_000,
      'endpoints by ioctl': 50,
      tty: 'a line\n',
      'tty through openamp/linux': [true, false],
      'devices by ioctl': 20,
      '1000 channels': 'made',
      'channels left': 0,
      'write after destroy': 'EPIPE',
      'read after destroy': 'EPIPE',
      'another channel': 'still there',
      done: true,
    })
    expect(output.match(/incoming msg \d+ /g)?.length).toBe(100)
    expect(output).toContain('goodbye!')
    expect(output).not.toMatch(/BUG|WARNING/)
    const own = rpmsgEvents.filter((event) => 'name' in event && event.name === 'from-the-kernel')
    expect([types(own, 'announced'), types(own, 'destroyed')]).toEqual([20, 20])
    expect(types(rpmsgEvents, 'dropped')).toBe(0)
    await server.close()
  })

  test('its driver bound 50 times, its device bound 50 times, our side started anew each time', async () => {
    const served = await serve(true)
    const { said, output } = await bootWith(served.socket, `lives ${served.socket}`)
    expect(said).toEqual({ 'driver bound again': 50, 'device bound again': 50, done: true })
    expect(output).not.toMatch(/BUG|WARNING/)
    expect([types(served.events, 'connected'), types(served.events, 'ready')]).toEqual([51, 101])
    await served.server.close()
  })

  test('the kernel restarted while our side stays', async () => {
    const { server, socket, events } = await serve()
    for (let i = 0; i < RESTARTS; i++) {
      expect((await bootWith(socket, 'hello')).said).toEqual({ echo: 'hello', done: true })
    }
    expect([types(events, 'ready'), types(events, 'closed')]).toEqual([RESTARTS, RESTARTS])
    expect(events.every((event) => event.type !== 'closed' || event.reason === undefined)).toBe(
      true,
    )
    await server.close()
  })

  test('our side leaves: the kernel removes its device, and goes on', async () => {
    const { socket } = await serve()
    const { said } = await bootWith(socket, 'left')
    expect(said).toEqual({ write: 'EPIPE', 'rpmsg devices': 0, alive: true, done: true })
  })
})
