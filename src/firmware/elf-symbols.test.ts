import { describe, expect, test } from 'vitest'
import { buildElf, type ElfSpec, type SymbolSpec } from './build-elf.js'
import { readElf } from './elf.js'
import { elf32 } from './elf-defs.js'
import type { FirmwareImage } from './image.js'

function image(symbols: readonly SymbolSpec[], more: Partial<ElfSpec> = {}): FirmwareImage {
  return readElf(
    buildElf({
      entry: 0x1000,
      segments: [{ vaddr: 0x1000, data: new Uint8Array(0x100) }],
      sections: [
        { name: '.text', addr: 0x1000, size: 0x80, flags: 6 },
        { name: '.data', addr: 0x1080, size: 0x80, flags: 3 },
      ],
      symbols,
      ...more,
    }),
  )
}

describe('a symbol by name', () => {
  test('has address and size', () => {
    const { symbol } = image([{ name: 'counter', address: 0x1080, size: 4, type: 1 }])
    expect(symbol('counter')).toEqual({ name: 'counter', address: 0x1080, size: 4 })
  })

  test('is not found by a part of its name', () => {
    const { symbol } = image([{ name: 'counter', address: 0x1080 }])
    expect(symbol('count')).toBeUndefined()
    expect(symbol('counters')).toBeUndefined()
  })

  test('is the global one where a local one has the same name', () => {
    const local = { name: 'state', address: 0x1080, binding: 0 }
    expect(image([local, { name: 'state', address: 0x1090 }]).symbol('state')?.address).toBe(0x1090)
    expect(image([local]).symbol('state')?.address).toBe(0x1080)
  })

  test('is not found in a stripped image', () => {
    const bare = readElf(buildElf({ entry: 0, segments: [{ vaddr: 0, data: new Uint8Array(4) }] }))
    expect(bare.symbol('main')).toBeUndefined()
    expect(bare.functionAt(0)).toBeUndefined()
  })

  test('of an Arm function is without the Thumb bit, and the function is found at it', () => {
    const arm = image([{ name: 'main', address: 0x1011, size: 8, section: 0 }], { machine: 40 })
    expect(arm.symbol('main')?.address).toBe(0x1010)
    expect(arm.functionAt(0x1010)).toEqual({ name: 'main', offset: 0 })
  })
})

describe('the function at an address', () => {
  const { functionAt } = image([
    { name: 'second', address: 0x1020, size: 0x10, section: 0 },
    { name: 'first', address: 0x1000, size: 0x10, section: 0 },
    { name: 'label', address: 0x1040, type: 0, section: 0 },
    { name: '$x', address: 0x1050, type: 0, section: 0 },
    { name: 'same', address: 0x1020, type: 0, section: 0 },
    { name: 'table', address: 0x1008, size: 4, type: 1, section: 0 },
  ])

  test('is the one that holds it, with the offset', () => {
    expect(functionAt(0x1000)).toEqual({ name: 'first', offset: 0 })
    expect(functionAt(0x100f)).toEqual({ name: 'first', offset: 0xf })
    expect(functionAt(0x1024)).toEqual({ name: 'second', offset: 4 })
  })

  test('is none between functions and outside the code', () => {
    expect(functionAt(0x1010)).toBeUndefined()
    expect(functionAt(0xfff)).toBeUndefined()
    expect(functionAt(0x1080)).toBeUndefined()
  })

  test('may be a label of assembly code, which reaches to the end of its section', () => {
    expect(functionAt(0x1060)).toEqual({ name: 'label', offset: 0x20 })
  })
})

test('a symbol table without strings is a finding, and the image counts as stripped', () => {
  const bytes = buildElf({
    entry: 0,
    segments: [{ vaddr: 0, data: new Uint8Array(4) }],
    symbols: [{ name: 'main', address: 0, size: 4 }],
  })
  const view = new DataView(bytes.buffer)
  const symtab = view.getUint32(elf32.ehdr.e_shoff, true) + elf32.shdr.size
  view.setUint32(symtab + elf32.shdr.sh_link, 1, true)
  const broken = readElf(bytes)
  expect(broken.symbol('main')).toBeUndefined()
  expect(broken.findings).toMatchObject([{ severity: 'warning', where: 'section .symtab' }])
})
