import { describe, expect, test } from 'vitest'
import { buildElf, type ElfSpec } from '../build-elf.js'
import { readElf } from '../elf.js'
import type { FirmwareImage } from '../image.js'
import { buildResourceTable } from './build.js'
import { findResourceTable, imageResourceTable } from './read.js'

const table = buildResourceTable([{ kind: 'carveout', name: 'vdev0buffer', len: 0x8000 }])

function image(spec: Partial<ElfSpec>): FirmwareImage {
  const data = new Uint8Array(0x200)
  data.set(table, 0x40)
  const segments = [{ vaddr: 0x1000, paddr: 0x9000, data }]
  return readElf(buildElf({ entry: 0x1000, segments, ...spec }), 'echo.elf')
}

describe('the resource table of an image', () => {
  test('is the section .resource_table, at the address of the section, not of the segment', () => {
    const elf = image({ sections: [{ name: '.resource_table', addr: 0x1040, size: table.length }] })
    expect(findResourceTable(elf)).toEqual({
      da: 0x1040,
      size: table.length,
      bytes: table,
      origin: 'section',
    })
    expect(imageResourceTable(elf)).toMatchObject({ da: 0x1040, origin: 'section' })
  })

  test('is a copy, so that the image stays as it is', () => {
    const elf = image({ sections: [{ name: '.resource_table', addr: 0x1040, size: table.length }] })
    findResourceTable(elf)?.bytes.fill(0)
    expect(findResourceTable(elf)?.bytes).toEqual(table)
  })

  test('is undefined where there is no such section', () => {
    expect(findResourceTable(image({}))).toBeUndefined()
    expect(imageResourceTable(image({}))).toBeUndefined()
  })

  test.each([
    ['physical', 0x9040],
    ['virtual', 0x1040],
  ])('is found at a %s address that is given, as far as its entries reach', (_, address) => {
    expect(findResourceTable(image({}), { address })).toEqual({
      da: address,
      size: table.length,
      bytes: table,
      origin: 'address',
    })
  })

  test('at an address includes a vendor entry as far as its length says', () => {
    const bytes = Uint8Array.of(4, 0, 0, 0, 1, 2, 3, 4)
    const data = new Uint8Array(0x100)
    const vendor = buildResourceTable([{ kind: 'vendor', type: 200, bytes }])
    data.set(vendor)
    const elf = image({ segments: [{ vaddr: 0, data }] })
    expect(findResourceTable(elf, { address: 0 })?.bytes).toEqual(vendor)
  })
})

describe('it is refused', () => {
  const resourceTableError = (message: RegExp) =>
    expect.objectContaining({
      code: 'ERR_RESOURCE_TABLE',
      message: expect.stringMatching(message),
    })

  test('where the section has no bytes in the file', () => {
    const section = { name: '.resource_table', type: 8, addr: 0x1040, size: 0x40 }
    expect(() => findResourceTable(image({ sections: [section] }))).toThrow(
      resourceTableError(/^echo\.elf: section \.resource_table: .*found type NOBITS/),
    )
  })

  test('where no segment brings the address', () => {
    expect(() => findResourceTable(image({}), { address: 0x5000 })).toThrow(
      resourceTableError(/^echo\.elf: resource table at 0x00005000: expected 16 bytes/),
    )
  })

  test('where something else is at the address', () => {
    expect(() => findResourceTable(image({}), { address: 0x1000 })).toThrow(
      resourceTableError(/header, ver: expected version 1/),
    )
  })

  test('with the name of the image and the section where it is malformed', () => {
    const section = { name: '.resource_table', addr: 0x1040, size: 12 }
    expect(() => imageResourceTable(image({ sections: [section] }))).toThrow(
      resourceTableError(/^echo\.elf: section \.resource_table: header: expected 16 bytes/),
    )
  })
})
