import { expect, test } from 'vitest'
import { link } from '../../test/support/link.js'
import { takeUncaught } from '../../test/support/uncaught.js'
import type { RpmsgDevice } from './device.js'
import type { RpmsgLoopbackOptions } from './loopback.js'

type Role = 'host' | 'remote'
const roles = [['host'], ['remote']] as const
const peerOf = { host: 'remote', remote: 'host' } as const

/** A link on which `role` writes down what it hears of its peer's services. */
function listening(role: Role, onBind?: (device: RpmsgDevice, name: string, to: number) => void) {
  const heard: string[] = []
  const options: RpmsgLoopbackOptions = {
    [role]: {
      nsBind: (device: RpmsgDevice, name: string, destination: number) => {
        heard.push(`bind ${name} ${destination}`)
        onBind?.(device, name, destination)
      },
      nsUnbind: (_: RpmsgDevice, name: string, destination: number) => {
        heard.push(`unbind ${name} ${destination}`)
      },
    },
  }
  const ends = link(options)
  return { ...ends, heard, mine: ends[role], peer: ends[peerOf[role]] }
}

test.each(roles)(
  '%s: nsBind may bind an endpoint, and the peer hears of it by a message',
  (role) => {
    const got: string[] = []
    const { peer, deliver } = listening(role, (device, name, destination) => {
      device.createEndpoint({ name, destination }).trySend('hello')
    })
    peer.createEndpoint({ name: 'echo', announce: true, receive: (m) => got.push(m.text()) })
    deliver()
    expect(got).toEqual(['hello'])
  },
)

test.each(roles)('%s: nsUnbind hears of the end, after the endpoint has', (role) => {
  const order: string[] = []
  const { heard, peer, deliver } = listening(role, (device, name, destination) => {
    device.createEndpoint({ name, destination, unbound: () => order.push(`gone ${heard.length}`) })
  })
  const service = peer.createEndpoint({ name: 'echo', announce: true })
  deliver()
  service.destroy()
  deliver()
  expect(heard).toEqual(['bind echo 1024', 'unbind echo 1024'])
  expect(order).toEqual(['gone 1'])
})

test.each(roles)(
  '%s: a service that is announced again is told again until it is bound',
  (role) => {
    const { heard, mine, peer, deliver } = listening(role)
    const service = peer.createEndpoint({ name: 'echo', announce: true })
    service.announce()
    deliver()
    expect(heard).toEqual(['bind echo 1024', 'bind echo 1024'])
    expect(mine.announcements).toHaveLength(1)
    mine.createEndpoint({ name: 'echo', destination: 1024 })
    service.announce()
    deliver()
    expect(heard).toHaveLength(2)
  },
)

test.each(roles)('%s: nsBind is not told of what channel() waits for', async (role) => {
  const { heard, mine, peer, deliver } = listening(role)
  const pending = mine.channel('echo')
  peer.announce('echo')
  deliver()
  expect((await pending).endpoint.destination).toBe(1024)
  expect(heard).toEqual([])
})

test.each(roles)('%s: nsBind is not told of an acknowledgement', (role) => {
  const { heard, mine, peer, deliver } = listening(role)
  const service = mine.createEndpoint({ name: 'echo', announce: true })
  peer.createEndpoint({ name: 'echo', destination: service.address }).announce()
  deliver()
  expect(service.destination).toBe(1024)
  expect(heard).toEqual([])
})

test.each(roles)(
  '%s: a service can be taken back and offered again, open all the while',
  (role) => {
    const { heard, mine, peer, deliver } = listening(role)
    const service = peer.createEndpoint({ name: 'echo', announce: true })
    service.unannounce()
    service.unannounce()
    deliver()
    expect([service.closed, mine.announcements]).toEqual([false, []])
    service.announce()
    deliver()
    expect(heard).toEqual(['bind echo 1024', 'unbind echo 1024', 'bind echo 1024'])
    expect(() => mine.createEndpoint().announce()).toThrow(
      expect.objectContaining({ code: 'ERR_USAGE' }),
    )
  },
)

test('callbacks that throw surface, and the rings go on', async () => {
  const { mine, peer, deliver } = listening('host', () => {
    throw new Error('mine')
  })
  const uncaught = await takeUncaught(() => {
    peer.announce('one')
    peer.announce('two')
    deliver()
  })
  expect(uncaught).toHaveLength(2)
  expect(mine.announcements).toHaveLength(2)
})

test.each(roles)(
  '%s: a service of its own outlives its users, and tells of its end',
  async (role) => {
    const { mine, peer, deliver } = listening(role)
    const service = mine.announce('clock')
    deliver()
    for (let i = 0; i < 3; i++) {
      const user = await peer.channel('clock')
      await user.send(`${i}`)
      deliver()
      expect((await service.receive()).text()).toBe(`${i}`)
      await service.send('tick')
      deliver()
      expect((await user.receive()).text()).toBe('tick')
      user.close()
      // A remote's user is not announced, as there is no acknowledgement from that side.
      if (role === 'host') service.endpoint.destination = 0xffff_ffff
      deliver()
    }
    const last = await peer.channel('clock')
    service.close()
    deliver()
    expect([last.closed, peer.announcements]).toEqual([true, []])
  },
)
