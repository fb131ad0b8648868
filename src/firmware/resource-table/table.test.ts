import { expect, test } from 'vitest'
import { buildResourceTable } from './build.js'
import { readResourceTable } from './read.js'
import type { ResourceTable } from './table.js'

function table(): ResourceTable {
  const vrings = [
    { align: 16, num: 8 },
    { align: 16, num: 8 },
  ]
  const entries = [{ kind: 'carveout', name: 'vdev0buffer', len: 0x8000 } as const]
  return readResourceTable(
    buildResourceTable([...entries, { kind: 'vdev', config: Uint8Array.of(1), vrings }]),
    'x',
  )
}

test('a carve-out takes the address that the host gives it', () => {
  const rsc = table()
  const [entry] = rsc.carveouts
  if (entry === undefined) throw new Error('no carve-out')
  rsc.setCarveoutAddress(entry, 0x1800_0000, 0x4800_0000)
  expect(rsc.carveout('vdev0buffer')).toEqual({ ...entry, da: 0x1800_0000, pa: 0x4800_0000 })
})

test('a vdev takes ring addresses, notify ids, features and status', () => {
  const rsc = table()
  const [vdev] = rsc.vdevs
  if (vdev === undefined) throw new Error('no vdev')
  rsc.setVringAddress(vdev, 1, 0x1800_1000)
  rsc.setVringNotifyId(vdev, 1, 1)
  rsc.setVdevNotifyId(vdev, 31)
  rsc.setGfeatures(vdev, 0xffff_ffff)
  rsc.setStatus(vdev, 0x87)
  const [ring0, ring1] = vdev.vrings
  expect(rsc.vdevs[0]).toEqual({
    ...vdev,
    notifyid: 31,
    gfeatures: 0xffff_ffff,
    status: 0x87,
    vrings: [ring0, { ...ring1, da: 0x1800_1000, notifyid: 1 }],
  })
})

test('what is written stands in the bytes, and in nothing else than the field', () => {
  const rsc = table()
  const before = [...rsc.bytes]
  const [vdev] = rsc.vdevs
  if (vdev === undefined) throw new Error('no vdev')
  rsc.setStatus(vdev, 4)
  const changed = before.flatMap((byte, i) => (byte === rsc.bytes[i] ? [] : [i]))
  expect(changed).toEqual([vdev.offset + 24])
})

test('a value that does not fit its field is refused', () => {
  const rsc = table()
  const [vdev] = rsc.vdevs
  if (vdev === undefined) throw new Error('no vdev')
  const usage = expect.objectContaining({ code: 'ERR_USAGE' })
  expect(() => rsc.setVringAddress(vdev, 0, 2 ** 32)).toThrow(usage)
  expect(() => rsc.setVringAddress(vdev, 0, -1)).toThrow(usage)
  expect(() => rsc.setVringAddress(vdev, 2, 0)).toThrow(usage)
  expect(() => rsc.setStatus(vdev, 256)).toThrow(usage)
})
