import { expect, test } from 'vitest'
import { VirtualClock } from '../base/clock.js'
import { buildResourceTable } from '../firmware/index.js'
import {
  type InProcessRemote,
  inProcess,
  inProcessFirmware,
  inProcessTable,
} from '../machines/in-process.js'
import { AddressSpace } from '../memory/address-space.js'
import { Region } from '../memory/region.js'
import { peerInit } from './peer.js'
import { resourceInit } from './remote.js'
import { Remoteproc } from './remoteproc.js'

const COMMON = { name: 'common', da: 0x4000_0000, size: 0x1_0000 }
const TABLE = COMMON.da
const BUFFERS = COMMON.da + 0x4000

const table = buildResourceTable([
  {
    kind: 'vdev',
    dfeatures: 1,
    vrings: [
      { num: 8, align: 16, da: COMMON.da + 0x1000, notifyid: 0 },
      { num: 8, align: 16, da: COMMON.da + 0x2000, notifyid: 1 },
    ],
  },
])

/** Two remotes with a region in common, and a bell each that the other one rings. */
function neighbours() {
  const common = new Region(COMMON)
  const bells = { left: (): void => {}, right: (): void => {} }
  const ring = (whose: keyof typeof bells): void => void setImmediate(() => bells[whose]())
  /** The remote's own link to the host. */
  const toHost = (remote: InProcessRemote) => {
    const { space, clock, reset } = remote
    const kick = (notifyId: number): void => remote.kick(notifyId)
    const link = resourceInit({ space, clock, reset, kick, tableAddress: inProcessTable })
    remote.onKick = () => link.kicked()
    return link.whenReady()
  }

  // The driver between the two: it hands the host's messages on to its neighbour.
  const left = inProcess(
    async (remote) => {
      const { space, clock } = remote
      const kick = (): void => ring('right')
      const peer = peerInit({ space, clock, table, tableAddress: TABLE, buffers: BUFFERS, kick })
      bells.left = () => peer.poll()
      const device = await toHost(remote)
      const neighbour = await peer.channel('neighbour')
      const host = device.announce('left')
      host.onMessage((message) => neighbour.trySend(`${message.text()} → left`))
    },
    { memory: [common] },
  )

  // The device: it tells the host what it hears from its neighbour.
  const right = inProcess(
    async (remote) => {
      const { space, clock, reset } = remote
      const kick = (): void => ring('left')
      const link = resourceInit({ space, clock, reset, kick, tableAddress: TABLE })
      bells.right = () => link.kicked()
      const host = (await toHost(remote)).announce('right')
      const neighbour = (await link.whenReady()).announce('neighbour')
      neighbour.onMessage((message) => host.trySend(`${message.text()} → right`))
    },
    { memory: [common] },
  )
  common.bytes.set(table)
  return { left, right }
}

test('two remotes talk through rings of their own, each with the host beside that', async () => {
  const machines = neighbours()
  const firmware = inProcessFirmware()
  await using right = await Remoteproc.init({ firmware, machine: machines.right })
  await using left = await Remoteproc.init({ firmware, machine: machines.left })
  await right.boot()
  await left.boot()
  const [toLeft, fromRight] = await Promise.all([left.channel('left'), right.channel('right')])
  for (let i = 0; i < 100; i++) {
    await toLeft.send(`${i}`)
    expect((await fromRight.receive()).text()).toBe(`${i} → left → right`)
  }
  await right.shutdown({ deadline: 0 })
  await left.shutdown({ deadline: 0 })
})

test('a link between two remotes needs a table with an RPMsg device', () => {
  const options = { tableAddress: TABLE, buffers: BUFFERS, kick: () => {} }
  const space = new AddressSpace([new Region(COMMON)])
  const empty = buildResourceTable([])
  expect(() => peerInit({ space, clock: new VirtualClock(), ...options, table: empty })).toThrow(
    expect.objectContaining({ code: 'ERR_RESOURCE_TABLE' }),
  )
})
