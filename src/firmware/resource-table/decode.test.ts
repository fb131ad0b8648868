import { describe, expect, test } from 'vitest'
import { isOpenampError } from '../../base/errors.js'
import { buildResourceTable, type EntrySpec } from './build.js'
import { fw_rsc_carveout, fw_rsc_vdev, fw_rsc_vdev_vring } from './defs.js'
import { readResourceTable } from './read.js'

const carveout: EntrySpec = { kind: 'carveout', name: 'vdev0buffer', len: 0x8000 }
const vdev: EntrySpec = {
  kind: 'vdev',
  notifyid: 31,
  dfeatures: 1,
  vrings: [
    { align: 16, num: 8, notifyid: 0 },
    { align: 16, num: 8, notifyid: 1 },
  ],
}
/** Where the entries of [carveout, vdev] begin. */
const first = 16 + 2 * 4
const second = first + fw_rsc_carveout.size
const ring = second + fw_rsc_vdev.vring

function patched(offset: number, value: number, entries = [carveout, vdev]): Uint8Array {
  const bytes = buildResourceTable(entries)
  new DataView(bytes.buffer).setUint32(offset, value, true)
  return bytes
}

function refusal(bytes: Uint8Array): string {
  try {
    readResourceTable(bytes, 'echo.elf: section .resource_table')
  } catch (error) {
    if (!isOpenampError(error, 'ERR_RESOURCE_TABLE')) throw error
    expect(error.message).not.toContain('\n')
    expect(error.message).toMatch(/^echo\.elf: section \.resource_table: /)
    return error.message.slice('echo.elf: section .resource_table: '.length)
  }
  throw new Error('the table was accepted')
}

describe('a resource table', () => {
  test('in the bytes that a C compiler makes of it is decoded', () => {
    // struct { resource_table; offset[1]; fw_rsc_vdev; fw_rsc_vdev_vring[2] } of a small RV32 image.
    const words = [
      1, 1, 0, 0, 20, 3, 7, 31, 1, 0, 0, 0x200, 0xffffffff, 16, 8, 0, 0, 0x80100000, 4096, 256, 1,
      9,
    ]
    const table = readResourceTable(new Uint8Array(new Uint32Array(words).buffer), 'x')
    expect(table.entries).toEqual([
      {
        kind: 'vdev',
        index: 0,
        offset: 20,
        size: 68,
        vdev: 0,
        id: 7,
        notifyid: 31,
        dfeatures: 1,
        gfeatures: 0,
        configLen: 0,
        configOffset: 88,
        status: 0,
        vrings: [
          { index: 0, offset: 48, da: 0xffffffff, align: 16, num: 8, notifyid: 0, pa: 0 },
          { index: 1, offset: 68, da: 0x80100000, align: 4096, num: 256, notifyid: 1, pa: 9 },
        ],
      },
    ])
  })

  test('may be empty', () => {
    expect(readResourceTable(buildResourceTable([]), 'x').entries).toEqual([])
  })

  test('may list its entries out of order', () => {
    const bytes = patched(16, second)
    new DataView(bytes.buffer).setUint32(20, first, true)
    expect(readResourceTable(bytes, 'x').entries.map(({ kind }) => kind)).toEqual([
      'vdev',
      'carveout',
    ])
  })

  test('may have a name that fills its field without an end', () => {
    const bytes = patched(0, 1)
    bytes.fill(0x61, first + fw_rsc_carveout.name, first + fw_rsc_carveout.size)
    expect(readResourceTable(bytes, 'x').carveouts[0]?.name).toBe('a'.repeat(32))
  })

  test('is decoded from a private copy, of a Node Buffer too', () => {
    const bytes = Buffer.from(buildResourceTable([carveout]))
    const table = readResourceTable(bytes, 'x')
    bytes.fill(0)
    expect(table.entries[0]).toMatchObject({ name: 'vdev0buffer', len: 0x8000 })
  })

  test('gives an entry of an unknown type, with a finding', () => {
    const table = readResourceTable(patched(first, 77), 'x')
    expect(table.entries[0]).toMatchObject({ kind: 'unknown', type: 77 })
    expect(table.findings).toMatchObject([{ severity: 'warning', where: 'entry 0' }])
  })

  test('gives a vendor entry with its bytes, up to the next entry', () => {
    const vendor = {
      kind: 'vendor',
      type: 512,
      bytes: Uint8Array.of(4, 0, 0, 0, 9, 8, 7, 6),
    } as const
    const table = readResourceTable(buildResourceTable([vendor, carveout]), 'x')
    expect(table.entries[0]).toMatchObject({ ...vendor, index: 0 })
    expect(table.findings).toEqual([])
  })

  test('with a reserved field that is not 0 in an entry is read, with a finding', () => {
    const table = readResourceTable(patched(first + fw_rsc_carveout.reserved, 1), 'x')
    expect(table.findings).toMatchObject([{ severity: 'error', where: 'entry 0 (carveout)' }])
  })

  test('with an entry off the multiples of 4 is read, with a finding', () => {
    const bytes = new Uint8Array(100)
    bytes.set(buildResourceTable([carveout]))
    bytes.copyWithin(22, 20, 20 + fw_rsc_carveout.size)
    new DataView(bytes.buffer).setUint32(16, 22, true)
    const table = readResourceTable(bytes, 'x')
    expect(table.carveouts[0]?.name).toBe('vdev0buffer')
    expect(table.findings).toMatchObject([{ severity: 'warning', where: 'entry 0' }])
  })
})

describe('a resource table that is refused says where and why:', () => {
  test('no header', () => {
    expect(refusal(new Uint8Array(15))).toBe('header: expected 16 bytes at offset 0x0, found 15')
  })

  test('another version', () => {
    expect(refusal(patched(0, 2))).toBe('header, ver: expected version 1 at offset 0x0, found 0x2')
  })

  test('reserved words that are not 0', () => {
    expect(refusal(patched(12, 5))).toBe('header, reserved: expected 0 at offset 0xc, found 0x5')
  })

  test('more entries than fit', () => {
    expect(refusal(patched(4, 0x4000_0001))).toMatch(
      /^header, num: expected at most \d+ in 0x\w+ bytes at offset 0x4, found 1073741825 entries$/,
    )
  })

  test('more entries than any table has', () => {
    const bytes = new Uint8Array(16 + 8 * 1025)
    new DataView(bytes.buffer).setUint32(0, 1, true)
    new DataView(bytes.buffer).setUint32(4, 1025, true)
    expect(refusal(bytes)).toMatch(/expected at most 1024/)
  })

  test('more vrings than any table has', () => {
    const vrings = Array.from({ length: 205 }, () => ({ align: 4, num: 2 }))
    const many = Array.from({ length: 5 }, (): EntrySpec => ({ kind: 'vdev', vrings }))
    expect(refusal(buildResourceTable(many))).toMatch(
      /^entry 4 \(vdev\), num_of_vrings: expected at most 1024 vrings/,
    )
  })

  test('an entry inside the header', () => {
    expect(refusal(patched(16, 20))).toBe(
      'entry 0, offset: expected at least 0x18 (header) at offset 0x10, found 0x14',
    )
  })

  test('an entry outside the table', () => {
    expect(refusal(patched(20, 0xffff_fffe))).toMatch(/^entry 1, offset: .*found 0xfffffffe$/)
  })

  test('an entry that is cut', () => {
    expect(refusal(buildResourceTable([carveout]).slice(0, -1))).toBe(
      'entry 0 (carveout): expected 0x38 bytes at offset 0x14, found 0x37 (truncated)',
    )
    const trace = { kind: 'trace', name: 't', da: 0, len: 4 } as const
    expect(refusal(buildResourceTable([trace]).slice(0, -1))).toMatch(/^entry 0 \(trace\)/)
  })

  test('a vdev whose vrings exceed the table', () => {
    const bytes = patched(0, 1)
    bytes[second + fw_rsc_vdev.num_of_vrings] = 3
    expect(refusal(bytes)).toMatch(/^entry 1 \(vdev\), 3 vrings and config_len 0x0: .*truncated/)
  })

  test('a vdev whose config space exceeds the table', () => {
    expect(refusal(patched(second + fw_rsc_vdev.config_len, 0xffff_ffff))).toMatch(
      /config_len 0xffffffff: expected 0x100000043 bytes/,
    )
  })

  test.each([0, 3, 65536])('a ring of %d entries', (num) => {
    expect(refusal(patched(ring + fw_rsc_vdev_vring.num, num))).toMatch(
      /^entry 1 \(vdev\), vring 0, num: expected a power of two up to 32768 at offset 0x74, found /,
    )
  })

  test.each([0, 24])('a ring aligned to %d', (align) => {
    expect(refusal(patched(ring + fw_rsc_vdev_vring.align, align))).toMatch(
      /vring 0, align: expected a power of two/,
    )
  })

  test('entries that overlap', () => {
    expect(refusal(patched(20, first + 4, [carveout, carveout]))).toBe(
      'entry 1, offset: expected at least 0x50, the end of entry 0 (carveout) at offset 0x14, found 0x1c',
    )
    expect(refusal(patched(20, first, [carveout, carveout]))).toMatch(/the end of entry 0/)
  })
})

test('the largest ring is accepted', () => {
  const table = readResourceTable(patched(ring + fw_rsc_vdev_vring.num, 32768), 'x')
  expect(table.vdevs[0]?.vrings[0]?.num).toBe(32768)
})
