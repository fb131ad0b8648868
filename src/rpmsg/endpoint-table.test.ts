import { expect, test } from 'vitest'
import { link } from '../../test/support/link.js'
import { EndpointTable } from './endpoint-table.js'

test('a thousand endpoints that come and go by the thousand never share an address', () => {
  const { host } = link()
  const open = Array.from({ length: 1000 }, () => host.createEndpoint())
  for (let i = 0; i < 20_000; i++) {
    const at = (i * 7919) % open.length
    open[at]?.destroy()
    open[at] = host.createEndpoint()
  }
  expect(new Set(open.map(({ address }) => address)).size).toBe(1000)
  expect(host.stats.endpoints).toBe(1000)
  for (const endpoint of open) expect(host.endpointAt(endpoint.address)).toBe(endpoint)
})

test('after the last address the first ones that are free are given out again', () => {
  const { host } = link()
  const table = new EndpointTable(0xffff_fffd)
  table.add(host.createEndpoint({ address: 1025 }))
  const given = [1, 2, 3, 4].map(() => table.freeAddress())
  expect(given).toEqual([0xffff_fffd, 0xffff_fffe, 1024, 1026])
})

test('endpoints that share a name are found and forgotten one by one', () => {
  const { host } = link()
  const table = new EndpointTable()
  const [a, b] = [host.createEndpoint({ name: 'echo' }), host.createEndpoint({ name: 'echo' })]
  for (const endpoint of [a, b]) table.add(endpoint)
  expect([...table.named('echo')]).toEqual([a, b])
  table.delete(a)
  expect([...table.named('echo')]).toEqual([b])
  table.delete(b)
  expect([...table.named('echo')]).toEqual([])
})
