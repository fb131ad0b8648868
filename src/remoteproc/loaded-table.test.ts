import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openVdev } from '../../test/support/firmware.js'
import { isOpenampError } from '../base/errors.js'
import { buildResourceTable } from '../firmware/index.js'
import { AddressSpace } from '../memory/address-space.js'
import { Region } from '../memory/region.js'
import { readLoadedTable } from './loaded-table.js'

const bytes = buildResourceTable([
  { kind: 'carveout', name: 'log', da: 0x8000_2000, len: 0x100 },
  openVdev,
])

/** A remote that has the table at an offset of its memory. */
function remote(offset: number, table = bytes) {
  const ram = new Region({ name: 'ram', da: 0x8000_0000, size: 0x4000 })
  ram.bytes.fill(0xa5)
  ram.bytes.set(table, offset)
  return { ram, space: new AddressSpace([ram]) }
}

describe('the table in a running remote', () => {
  test('is found at its address, as long as its entries are', () => {
    const { space } = remote(0x1000)
    const table = readLoadedTable(space, { address: 0x8000_1000 })
    expect(table).toMatchObject({ da: 0x8000_1000, origin: 'memory' })
    expect([...table.bytes]).toEqual([...bytes])
    expect(table.carveout('log')?.da).toBe(0x8000_2000)
  })

  test('is as long as is said, where it is', () => {
    const { space } = remote(0x1000)
    const size = bytes.length + 8
    expect(readLoadedTable(space, { address: 0x8000_1000, size }).bytes).toHaveLength(size)
    expect(() => readLoadedTable(space, { address: 0x8000_1000, size: bytes.length - 4 })).toThrow(
      expect.objectContaining({ code: 'ERR_RESOURCE_TABLE' }),
    )
  })

  test('may end with the memory', () => {
    const { space } = remote(0x4000 - bytes.length)
    const address = 0x8000_4000 - bytes.length
    expect(readLoadedTable(space, { address }).entries).toHaveLength(2)
  })

  test('is a copy: the remote changes nothing of it afterwards', () => {
    const { space, ram } = remote(0x1000)
    const table = readLoadedTable(space, { address: 0x8000_1000 })
    ram.bytes.fill(0xff)
    expect(table.entries).toHaveLength(2)
  })

  test('is refused where a remote could not read its words, at no multiple of 4', () => {
    const { space } = remote(0x1002)
    expect(() => readLoadedTable(space, { address: 0x8000_1002 })).toThrow(
      'expected an address in the memory of the remote, a multiple of 4',
    )
  })

  test.each([
    ['outside its memory', 0x9000_0000],
    ['where it ends', 0x8000_4000],
    ['where none is', 0x8000_0000],
    ['that the memory cuts', 0x8000_4000 - 8],
    ['at no address', Number.NaN],
  ])('%s is refused', (_, address) => {
    const { space } = remote(0x1000)
    expect(() => readLoadedTable(space, { address, name: 'm4' })).toThrow(
      expect.objectContaining({
        code: 'ERR_RESOURCE_TABLE',
        message: expect.stringMatching(/^m4: resource table in memory at /),
      }),
    )
  })

  test('is read or refused, whatever the remote has written there', () => {
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const table = bytes.slice()
        for (const [at, value] of changes) table[at] = value
        const { space } = remote(0x1000, table)
        try {
          readLoadedTable(space, { address: 0x8000_1000 })
        } catch (error) {
          if (!isOpenampError(error, 'ERR_RESOURCE_TABLE')) throw error
        }
      }),
      { numRuns: 1000 },
    )
  })
})
