import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isOpenampError } from '../base/errors.js'
import { buildElf } from './build-elf.js'
import { readElf } from './elf.js'
import { buildResourceTable } from './resource-table/build.js'
import { examineImage } from './resource-table/check.js'
import { imageResourceTable } from './resource-table/read.js'

const table = buildResourceTable([
  { kind: 'carveout', name: 'vdev0buffer', da: 0x8020_0000, len: 0x8000 },
  { kind: 'trace', name: 'trace0', da: 0x8020_8000, len: 0x1000 },
  {
    kind: 'vdev',
    notifyid: 31,
    dfeatures: 1,
    config: Uint8Array.of(1, 2, 3, 4),
    vrings: [
      { align: 16, num: 8, notifyid: 0, da: 0x8020_9000 },
      { align: 16, num: 8, notifyid: 1 },
    ],
  },
  { kind: 'vendor', type: 128, bytes: Uint8Array.of(4, 0, 0, 0, 1, 2, 3, 4) },
])
const regions = [{ name: 'ram', da: 0x8000_0000, size: 0x100_0000 }]

function image(bits: 32 | 64): Uint8Array {
  return buildElf({
    bits,
    entry: 0x8000_0000,
    segments: [
      { vaddr: 0x8000_0000, data: new Uint8Array(16), flags: 5 },
      { vaddr: 0x8000_1000, data: table, memsz: 0x1000, flags: 6 },
    ],
    sections: [
      { name: '.text', addr: 0x8000_0000, size: 16, flags: 6 },
      { name: '.resource_table', addr: 0x8000_1000, size: table.length, flags: 3 },
      { name: '.bss', type: 8, addr: 0x8000_1000 + table.length, size: 64, flags: 3 },
    ],
    symbols: [{ name: 'main', address: 0x8000_0004, size: 4, section: 0 }],
  })
}

/** Does all there is to do with an image; true where it was refused in the proper way. */
function refused(bytes: Uint8Array): boolean {
  try {
    const elf = readElf(bytes)
    elf.symbol('main')
    elf.functionAt(0x8000_0006)
    examineImage(elf, { regions })
    try {
      imageResourceTable(elf, { address: 0x8000_1000 })
      imageResourceTable(elf)
    } catch (error) {
      if (!isOpenampError(error, 'ERR_RESOURCE_TABLE')) throw error
      return true
    }
    return false
  } catch (error) {
    if (!isOpenampError(error, 'ERR_IMAGE')) throw error
    return true
  }
}

test.each([32, 64] as const)('an ELF%d image cut at any byte is refused', (bits) => {
  const bytes = image(bits)
  expect(refused(bytes)).toBe(false)
  for (let length = 0; length < bytes.length; length++) {
    expect(refused(bytes.slice(0, length)), `cut at ${length}`).toBe(true)
  }
})

test.each([32, 64] as const)('an ELF%d image with any byte changed is read or refused', (bits) => {
  const bytes = image(bits)
  const change = fc.tuple(fc.nat(bytes.length - 1), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff))
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const broken = bytes.slice()
      for (const [at, value] of changes) broken[at] = value
      refused(broken)
    }),
    { numRuns: 2000 },
  )
})

test('an image with any word of its headers changed is read or refused', () => {
  const bytes = image(32)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at + 4 <= bytes.length; at += 2) {
    const before = view.getUint32(at, true)
    for (const value of [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff]) {
      view.setUint32(at, value, true)
      refused(bytes)
    }
    view.setUint32(at, before, true)
  }
})

test('a table cut at any byte is refused, and one of noise is read or refused', () => {
  const inImage = (data: Uint8Array): Uint8Array =>
    buildElf({
      entry: 0x8000_1000,
      segments: [{ vaddr: 0x8000_1000, data }],
      sections: [{ name: '.resource_table', addr: 0x8000_1000, data }],
    })
  // The vendor's entry at the end has no length of its own, so the table may end within it.
  const sure = table.length - 8
  for (let length = 0; length < sure; length++) {
    expect(refused(inImage(table.slice(0, length))), `cut at ${length}`).toBe(true)
  }
  const header = buildResourceTable([]).subarray(0, 4)
  fc.assert(
    fc.property(fc.array(fc.nat(300), { maxLength: 80 }), (words) => {
      refused(inImage(Uint8Array.of(...header, ...new Uint8Array(Uint32Array.from(words).buffer))))
    }),
    { numRuns: 1000 },
  )
})
