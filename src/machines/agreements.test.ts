import { expect, test } from 'vitest'
import { pattern } from '../../test/support/link.js'
import { file } from '../node.js'
import { Remoteproc, type RemoteprocOptions } from '../remoteproc/index.js'
import { resourceInit } from '../remoteproc/remote.js'
import type { NameServiceCallbacks, RpmsgDevice } from '../rpmsg/index.js'
import { inProcess, inProcessFirmware, inProcessTable } from './in-process.js'
import { emulated } from './index.js'

/** Boots a remote that is a function of this process. */
async function booted(
  main: (rpmsg: RpmsgDevice) => unknown,
  options: NameServiceCallbacks & { readonly remote?: NameServiceCallbacks } = {},
): Promise<Remoteproc> {
  const machine = inProcess(async (place) => {
    const remote = resourceInit({ ...place, tableAddress: inProcessTable, ...options.remote })
    place.onKick = () => remote.kicked()
    await main(await remote.whenReady())
  })
  return start({ firmware: inProcessFirmware(), machine, ...options })
}

async function start(options: RemoteprocOptions): Promise<Remoteproc> {
  const rproc = await Remoteproc.init(options)
  await rproc.boot()
  return rproc
}

test('host and remote in TypeScript send each other messages of megabytes', async () => {
  const options = { maxMessageSize: 4_000_000 }
  const rproc = await booted(async (rpmsg) => {
    const there = rpmsg.announce('bulk', options)
    for await (const { data } of there) await there.send(data.toReversed())
  })
  try {
    const here = await rproc.channel('bulk', options)
    const message = pattern(3_000_000)
    await here.send(message)
    const { data } = await here.receive()
    expect(Buffer.compare(data, message.toReversed())).toBe(0)
    expect(rproc.announcements).toHaveLength(1)
  } finally {
    await rproc.deinit()
  }
})

test('a remote in C that knows none of it is sent plain messages alone', async () => {
  const rproc = await start({
    firmware: file('firmware/images/echo.elf'),
    machine: emulated({ deterministic: true }),
  })
  try {
    const channel = await rproc.channel('rpmsg-openamp-demo-channel', {
      maxMessageSize: 100_000,
      flowControl: true,
    })
    await expect(channel.send(pattern(497))).rejects.toMatchObject({ code: 'ERR_MESSAGE_SIZE' })
    expect(channel.pause()).toBe(false)
    await channel.send(pattern(496))
    expect((await channel.receive()).data).toEqual(pattern(496))
    // Two names, and the message.
    expect(rproc.rpmsg[0]?.stats.sent).toBe(3)
    await rproc.shutdown({ channel })
    expect(rproc.state).toBe('stopped')
  } finally {
    await rproc.deinit()
  }
})

test("nsBind and nsUnbind hear of a remote's services from its first announcement on", async () => {
  const heard: string[] = []
  let gone = (): void => {}
  const unbound = new Promise<void>((resolve) => {
    gone = resolve
  })
  const rproc = await booted(
    (rpmsg) => {
      const there = rpmsg.announce('clock')
      void there.receive().then((message) => {
        heard.push(message.text())
        there.close()
      })
    },
    {
      nsBind: (device, name, destination) => {
        heard.push(`bind ${name}`)
        device.createEndpoint({ name, destination }).trySend('hello')
      },
      nsUnbind: (_, name) => {
        heard.push(`unbind ${name}`)
        gone()
      },
    },
  )
  try {
    await unbound
    expect(heard).toEqual(['bind clock', 'hello', 'unbind clock'])
  } finally {
    await rproc.deinit()
  }
})

test("a remote's nsBind hears of the host's services", async () => {
  const rproc = await booted(() => {}, {
    remote: {
      nsBind: (device, name, destination) => {
        device.createEndpoint({ name, destination }).trySend(`bound ${name}`)
      },
    },
  })
  try {
    const service = rproc.rpmsg[0]?.announce('files')
    expect((await service?.receive())?.text()).toBe('bound files')
  } finally {
    await rproc.deinit()
  }
})
