import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildResourceTable, type EntrySpec } from './build.js'
import { readResourceTable } from './read.js'

const u32 = fc.nat(0xffff_ffff)
const name = fc.string({ unit: 'grapheme-ascii', maxLength: 31 })
const power = (most: number) => fc.nat(most).map((exponent) => 2 ** exponent)

const memory = fc.record({
  kind: fc.constantFrom('carveout', 'devmem'),
  name,
  da: u32,
  pa: u32,
  len: u32,
  flags: u32,
})
const trace = fc.record({ kind: fc.constant('trace'), name, da: u32, len: u32 })
const vring = fc.record({ da: u32, align: power(31), num: power(15), notifyid: u32, pa: u32 })
const vdev = fc.record({
  kind: fc.constant('vdev'),
  id: u32,
  notifyid: u32,
  dfeatures: u32,
  gfeatures: u32,
  status: fc.nat(255),
  vrings: fc.array(vring, { maxLength: 4 }),
  config: fc.uint8Array({ maxLength: 9 }),
})
// A multiple of 4, so that the padding behind an entry is not taken for its own.
const vendor = fc.record({
  kind: fc.constant('vendor'),
  type: fc.integer({ min: 128, max: 512 }),
  bytes: fc
    .array(u32, { maxLength: 4 })
    .map((words) => new Uint8Array(new Uint32Array(words).buffer)),
})

test('what is built is read back, whatever it is', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(memory, trace, vdev, vendor), { maxLength: 6 }), (specs) => {
      const bytes = buildResourceTable(specs)
      const table = readResourceTable(bytes, 'x')
      expect(table.findings).toEqual([])
      expect(table.entries.length).toBe(specs.length)
      table.entries.forEach((entry, i) => {
        const spec = specs[i]
        if (spec?.kind === 'vdev' && entry.kind === 'vdev') {
          const { config, ...fields } = spec
          const start = entry.configOffset
          expect(entry).toMatchObject(fields)
          expect(bytes.slice(start, start + entry.configLen)).toEqual(config)
        } else {
          expect(entry).toMatchObject(spec ?? {})
        }
      })
    }),
  )
})

test('addresses and notify ids are left to the host unless given', () => {
  const table = readResourceTable(
    buildResourceTable([
      { kind: 'carveout', name: 'c', len: 1 },
      { kind: 'vdev', vrings: [{ align: 4, num: 2 }] },
    ]),
    'x',
  )
  const any = 0xffff_ffff
  expect(table.carveouts[0]).toMatchObject({ da: any, pa: any })
  expect(table.vdevs[0]).toMatchObject({
    id: 7,
    notifyid: any,
    vrings: [{ da: any, notifyid: any }],
  })
})

test('a status byte and a number of vrings may be up to 255', () => {
  const vrings = Array.from({ length: 255 }, () => ({ align: 4, num: 2 }))
  const [vdev] = readResourceTable(
    buildResourceTable([{ kind: 'vdev', status: 255, vrings }]),
    'x',
  ).vdevs
  expect(vdev?.status).toBe(255)
  expect(vdev?.vrings.length).toBe(255)
})

test.each<[string, EntrySpec]>([
  ['a name of 32 bytes', { kind: 'trace', name: 'n'.repeat(32), da: 0, len: 1 }],
  ['a length beyond 32 bits', { kind: 'carveout', name: '', len: 2 ** 32 }],
  ['a vendor type outside the range', { kind: 'vendor', type: 4, bytes: new Uint8Array(0) }],
  [
    'too many vrings',
    { kind: 'vdev', vrings: Array.from({ length: 256 }, () => ({ align: 4, num: 2 })) },
  ],
])('%s is refused', (_, spec) => {
  expect(() => buildResourceTable([spec])).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
})
