import { describe, expect, test } from 'vitest'
import { OpenampError } from '../base/errors.js'
import { rpmsgLoopback } from '../rpmsg/loopback.js'
import { RpcClient } from './rpc-client.js'
import { RPC_CHANNEL, readAnswer, writeAnswer, writeRequest } from './rpc-message.js'
import {
  RpcServer,
  type RpcServerEvent,
  type RpcServerOptions,
  type RpcService,
} from './rpc-server.js'

const ADD = 0x10
const FAIL = 0x11
const QUIET = 0x12
const STATUS = 0x13
const LONG = 0x14

const add: RpcService = (params) => {
  const [a = 0, b = 0] = params
  return Uint8Array.of(a + b, 0xaa, 0xbb, 0xcc)
}
const services = new Map<number, RpcService>([
  [ADD, add],
  [FAIL, () => Promise.reject(new Error('mine'))],
  [QUIET, () => undefined],
  [STATUS, () => ({ status: -42, params: Uint8Array.of(9) })],
  [LONG, () => new Uint8Array(489)],
])

/** A server, and what the peer says and hears in bytes. */
async function served(options: RpcServerOptions = {}, table = services) {
  const link = rpmsgLoopback()
  const peer = link.remote.announce(RPC_CHANNEL)
  const events: RpcServerEvent[] = []
  const observer = (event: RpcServerEvent) => events.push(event)
  const channel = await link.host.channel(RPC_CHANNEL)
  const server = RpcServer.serve(channel, table, { observer, ...options })
  await peer.whenBound()
  const ask = async (id: number, ...params: number[]): Promise<Uint8Array> => {
    await peer.send(writeRequest({ id, params: Uint8Array.from(params) }))
    return (await peer.receive()).data
  }
  return { link, peer, server, events, ask }
}

describe('messages', () => {
  test('a request is id and parameters, an answer id, status and parameters', () => {
    expect([...writeRequest({ id: 0x01020304, params: Uint8Array.of(5) })]).toEqual([4, 3, 2, 1, 5])
    expect([...writeAnswer(0x01020304, -2, Uint8Array.of(5))]).toEqual([
      4, 3, 2, 1, 0xfe, 0xff, 0xff, 0xff, 5,
    ])
  })
})

test('what OpenAMP’s server really sends, for 8 bytes of parameters and for an unknown service', () => {
  const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
  const cut = { id: 0x10, status: -42, params: Uint8Array.of(0x2a, 2, 3, 4) }
  expect(readAnswer(bytes('10000000d6ffffff2a020304'))).toEqual(cut)
  const unknown = { id: 0x99, status: undefined, params: new Uint8Array(0) }
  expect(readAnswer(bytes('99000000'))).toEqual(unknown)
})

describe('a server', () => {
  test('answers by its table', async () => {
    const { ask } = await served()
    expect(await ask(ADD, 1, 2)).toEqual(writeAnswer(ADD, 0, Uint8Array.of(3, 0xaa, 0xbb, 0xcc)))
    expect(await ask(STATUS)).toEqual(writeAnswer(STATUS, -42, Uint8Array.of(9)))
  })

  test('of services that there are not answers RPMSG_RPC_INVALID_ID, and tells of it', async () => {
    const { ask, events } = await served()
    expect(await ask(0xffff_fff0)).toEqual(writeAnswer(0xffff_fff0, -1, new Uint8Array(0)))
    expect(events).toEqual([{ type: 'unknown', id: 0xffff_fff0 }])
  })

  test('answers with a failure where a service throws, or its answer fits no buffer', async () => {
    const { ask, events } = await served()
    expect(await ask(FAIL)).toEqual(writeAnswer(FAIL, -5, new Uint8Array(0)))
    expect(await ask(LONG)).toEqual(writeAnswer(LONG, -5, new Uint8Array(0)))
    expect(events).toMatchObject([
      { type: 'failed', id: FAIL, cause: new Error('mine') },
      { type: 'failed', id: LONG, cause: { code: 'ERR_MESSAGE_SIZE' } },
    ])
  })

  test('does not answer where the service has nothing to say', async () => {
    const { peer, ask } = await served()
    await peer.send(writeRequest({ id: QUIET, params: new Uint8Array(0) }))
    expect((await ask(ADD))[0]).toBe(ADD)
  })

  test('passes over what has no whole id, and tells of it', async () => {
    const { peer, ask, events } = await served()
    await peer.send(new Uint8Array(3))
    expect((await ask(ADD))[0]).toBe(ADD)
    expect(events).toEqual([{ type: 'malformed', length: 3 }])
  })

  test('ends with its channel, or with what ends the link', async () => {
    const one = await served()
    one.peer.close()
    await one.server.whenEnded()
    const other = await served()
    other.link.host.close(new OpenampError('ERR_CRASHED', 'the remote crashed'))
    await expect(other.server.whenEnded()).rejects.toMatchObject({ code: 'ERR_CRASHED' })
  })
})

describe('a server as OpenAMP’s', () => {
  test('cuts the last 4 bytes of each answer, the status where there is no more', async () => {
    const { ask } = await served({ asOpenamp: true })
    expect([...(await ask(ADD, 1, 2))]).toEqual([ADD, 0, 0, 0, 0, 0, 0, 0])
    expect([...(await ask(0x99))]).toEqual([0x99, 0, 0, 0])
  })

  test('looks at the lowest byte of the id', async () => {
    const { ask } = await served({ asOpenamp: true })
    expect([...(await ask(0x1200 + ADD))].slice(0, 4)).toEqual([ADD, 0, 0, 0])
  })

  test('gives no answer to more than 488 bytes, nor where a service has failed', async () => {
    const { peer, ask } = await served({ asOpenamp: true })
    await peer.send(writeRequest({ id: ADD, params: new Uint8Array(485) }))
    await peer.send(writeRequest({ id: FAIL, params: new Uint8Array(0) }))
    expect((await ask(STATUS))[0]).toBe(STATUS)
  })
})

describe('a client', () => {
  async function client(options: RpcServerOptions = {}, table = services) {
    const { peer, server } = await served(options, table)
    return { client: new RpcClient(peer), server }
  }

  test('calls services and gets status and parameters', async () => {
    const { client: rpc } = await client()
    const sum = { id: ADD, status: 0, params: Uint8Array.of(3, 0xaa, 0xbb, 0xcc) }
    expect(await rpc.call(ADD, Uint8Array.of(1, 2))).toEqual(sum)
    expect(await rpc.call(STATUS, new Uint8Array(0))).toMatchObject({ status: -42 })
    expect(await rpc.call(7, new Uint8Array(0))).toMatchObject({ status: -1 })
  })

  test('calls made at once are answered each with its own', async () => {
    const { client: rpc } = await client()
    const calls = [1, 2, 3].map((n) => rpc.call(ADD, Uint8Array.of(n, n)))
    const sums = (await Promise.all(calls)).map(({ params }) => params[0])
    expect(sums).toEqual([2, 4, 6])
  })

  test('a call without an answer keeps nobody waiting', async () => {
    const { client: rpc } = await client()
    await rpc.notify(QUIET, new Uint8Array(0))
    expect((await rpc.call(ADD, Uint8Array.of(1, 1))).params[0]).toBe(2)
  })

  test('an answer that comes too late is not taken for the next call’s', async () => {
    let release = (): void => {}
    const slow = new Promise<void>((resolve) => {
      release = resolve
    })
    let calls = 0
    const table = new Map<number, RpcService>([
      [
        ADD,
        async () => {
          if (calls === 0) await slow
          return Uint8Array.of(++calls)
        },
      ],
    ])
    const { client: rpc } = await client({}, table)
    const abort = new AbortController()
    const first = rpc.call(ADD, new Uint8Array(0), { signal: abort.signal })
    abort.abort()
    await expect(first).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    release()
    expect((await rpc.call(ADD, new Uint8Array(0))).params[0]).toBe(2)
  })

  test('of a server of OpenAMP’s gets what has come', async () => {
    const { client: rpc } = await client({ asOpenamp: true })
    const cut = { id: ADD, status: 0, params: new Uint8Array(0) }
    expect(await rpc.call(ADD, Uint8Array.of(1, 2))).toEqual(cut)
    const none = { id: 7, status: undefined, params: new Uint8Array(0) }
    expect(await rpc.call(7, new Uint8Array(0))).toEqual(none)
  })

  test.each([
    ['without a whole id', new Uint8Array(3)],
    ['of another service', writeAnswer(STATUS, 0, new Uint8Array(0))],
  ])('refuses an answer %s: ERR_PEER', async (_, answer) => {
    const link = rpmsgLoopback()
    const rpc = new RpcClient(link.remote.announce(RPC_CHANNEL))
    const channel = await link.host.channel(RPC_CHANNEL)
    channel.onMessage(() => channel.trySend(answer))
    const call = rpc.call(ADD, new Uint8Array(0))
    await expect(call).rejects.toMatchObject({ code: 'ERR_PEER' })
  })

  test.each([-1, 1.5, 2 ** 32, Number.NaN])('refuses the id %d', async (id) => {
    const { client: rpc } = await client()
    const params = new Uint8Array(0)
    await expect(rpc.call(id, params)).rejects.toMatchObject({ code: 'ERR_USAGE' })
    await expect(rpc.notify(id, params)).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })

  test('the host may be the client, the remote the server', async () => {
    const link = rpmsgLoopback()
    RpcServer.serve(link.remote.announce(RPC_CHANNEL), services)
    const rpc = new RpcClient(await link.host.channel(RPC_CHANNEL))
    expect((await rpc.call(ADD, Uint8Array.of(20, 22))).params[0]).toBe(42)
  })
})
