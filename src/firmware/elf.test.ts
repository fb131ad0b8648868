import { describe, expect, test } from 'vitest'
import { isOpenampError, type OpenampError } from '../base/errors.js'
import { buildElf, type ElfSpec } from './build-elf.js'
import { readElf } from './elf.js'
import { elf32 } from './elf-defs.js'

const code = Uint8Array.of(0x13, 0, 0, 0, 0x6f, 0, 0, 0)

const spec: ElfSpec = {
  entry: 0x8000_0000,
  segments: [
    { vaddr: 0x8000_0000, data: code, flags: 5 },
    {
      vaddr: 0x8000_1000,
      paddr: 0x8010_0000,
      data: Uint8Array.of(1, 2, 3, 4),
      memsz: 64,
      flags: 6,
    },
  ],
  sections: [
    { name: '.text', addr: 0x8000_0000, size: 8, flags: 6 },
    { name: '.data', addr: 0x8000_1000, size: 4, flags: 3 },
    { name: '.bss', type: 8, addr: 0x8000_1004, size: 60, flags: 3 },
  ],
}

/** The file with one 16- or 32-bit field changed. */
function patched(
  offset: number,
  value: number,
  size: 2 | 4 = 4,
  bytes = buildElf(spec),
): Uint8Array {
  const view = new DataView(bytes.buffer)
  if (size === 2) view.setUint16(offset, value, true)
  else view.setUint32(offset, value, true)
  return bytes
}

function refusal(bytes: Uint8Array): string {
  try {
    readElf(bytes, 'echo.elf')
  } catch (error) {
    if (!isOpenampError(error, 'ERR_IMAGE')) throw error
    expect((error as OpenampError).message).not.toContain('\n')
    return error.message
  }
  throw new Error('the image was accepted')
}

const segment = (index: number): number => elf32.ehdr.size + index * elf32.phdr.size
const section = (index: number): number => {
  const shoff = new DataView(buildElf(spec).buffer).getUint32(elf32.ehdr.e_shoff, true)
  return shoff + index * elf32.shdr.size
}

describe('an ELF image', () => {
  test('says what it is for and where it starts', () => {
    const image = readElf(buildElf(spec), 'echo.elf')
    expect(image).toMatchObject({
      name: 'echo.elf',
      bits: 32,
      machine: 243,
      machineName: 'RISC-V',
      typeName: 'executable',
      entry: 0x8000_0000,
    })
  })

  test('gives its loadable segments in order, with physical address, bytes and bss', () => {
    const { loadable } = readElf(buildElf(spec))
    expect(loadable).toMatchObject([
      { paddr: 0x8000_0000, filesz: 8, memsz: 8, flags: 5 },
      { paddr: 0x8010_0000, vaddr: 0x8000_1000, filesz: 4, memsz: 64 },
    ])
    expect([...(loadable[0]?.data ?? [])]).toEqual([...code])
  })

  test('lends views of the file, no copies', () => {
    const bytes = buildElf(spec)
    expect(readElf(bytes).loadable[0]?.data.buffer).toBe(bytes.buffer)
  })

  test('passes over segments that load nothing', () => {
    const empty = { vaddr: 0, data: new Uint8Array(0) }
    const note = { type: 4, vaddr: 0, data: Uint8Array.of(1, 2, 3, 4) }
    const image = readElf(buildElf({ ...spec, segments: [empty, note, ...spec.segments] }))
    expect(image.loadable.map(({ index }) => index)).toEqual([2, 3])
  })

  test('gives sections by name, with no bytes for bss', () => {
    const image = readElf(buildElf(spec))
    expect(image.section('.data')).toMatchObject({ addr: 0x8000_1000, size: 4 })
    expect([...(image.section('.data')?.data ?? [])]).toEqual([1, 2, 3, 4])
    expect(image.section('.bss')?.data?.length).toBe(0)
    expect(image.section('.nothing')).toBeUndefined()
  })

  test('is read the same in its 64-bit form', () => {
    const wide = { ...spec, bits: 64, machine: 183 } as const
    const image = readElf(buildElf(wide))
    expect(image).toMatchObject({ bits: 64, machineName: 'AArch64', entry: 0x8000_0000 })
    expect(image.loadable[1]).toMatchObject({ paddr: 0x8010_0000, memsz: 64 })
    expect(image.section('.text')?.size).toBe(8)
  })

  test('may have no section headers', () => {
    const { sections, ...stripped } = spec
    expect(readElf(buildElf(stripped)).sections).toEqual([])
  })

  test('may stand anywhere in a larger buffer', () => {
    const bytes = buildElf(spec)
    const buffer = new Uint8Array(bytes.length + 200)
    buffer.set(bytes, 100)
    const image = readElf(buffer.subarray(100, 100 + bytes.length))
    expect([...(image.loadable[0]?.data ?? [])]).toEqual([...code])
  })

  test('may be read from shared memory', () => {
    const bytes = buildElf(spec)
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
    shared.set(bytes)
    expect(readElf(shared).section('.text')?.size).toBe(8)
  })

  test('may have a bss segment whose unused file offset is anywhere', () => {
    const segments = [...spec.segments, { vaddr: 0x100, data: new Uint8Array(0), memsz: 16 }]
    const bytes = buildElf({ ...spec, segments })
    const image = readElf(patched(segment(2) + elf32.phdr.p_offset, 0xffff_0000, 4, bytes))
    expect(image.loadable[2]).toMatchObject({ filesz: 0, memsz: 16 })
  })

  test('may fill the address space to its last byte', () => {
    const image = readElf(buildElf({ entry: 0, segments: [{ vaddr: 0xffff_fff8, data: code }] }))
    expect(image.loadable[0]?.paddr).toBe(0xffff_fff8)
  })

  test('may have section names of 255 bytes', () => {
    const name = 'n'.repeat(255)
    const sections = [{ name, addr: 0, data: code }]
    expect(readElf(buildElf({ ...spec, sections })).section(name)?.size).toBe(8)
  })

  test('may have longer header entries than this version of ELF defines', () => {
    const bytes = new Uint8Array(256)
    bytes.set(
      buildElf({
        entry: 0,
        segments: [
          { vaddr: 0, data: code },
          { vaddr: 64, data: code },
        ],
      }),
    )
    bytes.copyWithin(segment(0) + 40, segment(1), segment(2))
    patched(elf32.ehdr.e_phentsize, 40, 2, bytes)
    expect(readElf(bytes).loadable.map(({ vaddr }) => vaddr)).toEqual([0, 64])
  })
})

describe('an image that is refused says where and why:', () => {
  test('a script', () => {
    expect(refusal(new TextEncoder().encode('#!/bin/sh\n'))).toBe(
      'echo.elf: not an ELF file: expected 7f 45 4c 46 at offset 0x0, found 23 21 2f 62',
    )
  })

  test('an empty file', () => {
    expect(refusal(new Uint8Array(0))).toMatch(/not an ELF file.*found an empty file$/)
  })

  test('a big-endian image', () => {
    const bytes = buildElf(spec)
    bytes[5] = 2
    expect(refusal(bytes)).toBe(
      'echo.elf: ELF header, EI_DATA: expected 1 (little endian) at offset 0x5, found 2 (big endian)',
    )
  })

  test('an unknown class', () => {
    const bytes = buildElf(spec)
    bytes[4] = 3
    expect(refusal(bytes)).toMatch(/EI_CLASS.*at offset 0x4, found 3/)
  })

  test('an unknown version', () => {
    const bytes = buildElf(spec)
    bytes[6] = 9
    expect(refusal(bytes)).toMatch(/EI_VERSION.*found 9/)
  })

  test('a header that is cut', () => {
    expect(refusal(buildElf(spec).slice(0, 40))).toBe(
      'echo.elf: ELF header: expected 0x34 bytes at offset 0x0, found 0x28',
    )
  })

  test('an object file that was never linked', () => {
    expect(refusal(buildElf({ entry: 0, type: 1, segments: [] }))).toMatch(
      /at least one program header at offset 0x2c, found 0 \(a relocatable object, not linked yet\)/,
    )
  })

  test('nothing to load', () => {
    const note = { type: 4, vaddr: 0, data: code }
    expect(refusal(buildElf({ entry: 0, segments: [note] }))).toMatch(/nothing to load/)
  })

  test('more program headers than fit the count', () => {
    expect(refusal(patched(elf32.ehdr.e_phnum, 0xffff, 2))).toMatch(/found 0xffff \(PN_XNUM\)/)
  })

  test('program headers that are too short', () => {
    expect(refusal(patched(elf32.ehdr.e_phentsize, 16, 2))).toMatch(
      /e_phentsize: expected at least 32 at offset 0x2a, found 16/,
    )
  })

  test('program headers beyond the file', () => {
    expect(refusal(patched(elf32.ehdr.e_phoff, 0xffff_fff0))).toMatch(
      /program headers \(2 of 32 bytes\): .*at offset 0xfffffff0, found the end of the file/,
    )
  })

  test('a segment whose bytes reach beyond the file', () => {
    expect(refusal(patched(segment(0) + elf32.phdr.p_offset, 0xffff_ffff))).toMatch(
      /bytes of program header 0: expected 0x8 bytes at offset 0xffffffff/,
    )
  })

  test('a segment with more bytes in the file than in memory', () => {
    expect(refusal(patched(segment(1) + elf32.phdr.p_memsz, 3))).toMatch(
      /program header 1, p_filesz: expected at most p_memsz = 0x3 at offset 0x64, found 0x4/,
    )
  })

  test('a segment that wraps around the address space', () => {
    expect(refusal(patched(segment(1) + elf32.phdr.p_paddr, 0xffff_fff0))).toMatch(
      /p_paddr: expected p_paddr \+ p_memsz up to 2\^32 at offset 0x60, found 0xfffffff0 \+ 0x40/,
    )
  })

  test('a 64-bit address beyond 2^53', () => {
    const bytes = buildElf({ bits: 64, entry: 0, segments: [{ vaddr: 0, data: code }] })
    new DataView(bytes.buffer).setBigUint64(64 + 24, 0xffff_ffff_8000_0000n, true)
    expect(refusal(bytes)).toBe(
      'echo.elf: program header 0, p_paddr: expected a value below 2^53 at offset 0x58, found 0xffffffff80000000',
    )
  })

  test('section headers beyond the file', () => {
    const bytes = buildElf(spec)
    expect(refusal(bytes.slice(0, -1))).toMatch(/section headers \(5 of 40 bytes\)/)
  })

  test('section headers that are too short', () => {
    expect(refusal(patched(elf32.ehdr.e_shentsize, 39, 2))).toMatch(/e_shentsize.*found 39/)
  })

  test('a section header offset without a count', () => {
    expect(refusal(patched(elf32.ehdr.e_shnum, 0, 2))).toMatch(/e_shnum: .*found 0/)
  })

  test('section names in a section that does not exist', () => {
    expect(refusal(patched(elf32.ehdr.e_shstrndx, 5, 2))).toMatch(
      /e_shstrndx: expected less than 5 sections at offset 0x32, found 5/,
    )
  })

  test('section names in a section that holds something else', () => {
    expect(refusal(patched(elf32.ehdr.e_shstrndx, 1, 2))).toMatch(/expected 3 \(SHT_STRTAB\)/)
  })

  test('a section name outside the names', () => {
    expect(refusal(patched(section(1) + elf32.shdr.sh_name, 0x1000))).toMatch(
      /section header 1, sh_name: expected less than 0x/,
    )
  })

  test('a section name without an end', () => {
    const bytes = buildElf(spec)
    const names = readElf(bytes).section('.shstrtab')
    const size = (names?.size ?? 0) - 1
    expect(refusal(patched(section(4) + elf32.shdr.sh_size, size, 4, bytes))).toMatch(
      /section header 4, sh_name: name: expected a string that ends in NUL/,
    )
  })

  test('a section name that is longer than any linker makes', () => {
    const sections = [{ name: 'n'.repeat(256), addr: 0, data: code }]
    expect(refusal(buildElf({ ...spec, sections }))).toMatch(/found 255 bytes without one/)
  })

  test('a section whose bytes reach beyond the file', () => {
    expect(refusal(patched(section(2) + elf32.shdr.sh_size, 0xffff))).toMatch(
      /bytes of section header 2 \(\.data\): expected 0xffff bytes/,
    )
  })
})

describe('what is odd but loadable is a finding:', () => {
  const messages = (elf: ElfSpec): string[] =>
    readElf(buildElf(elf)).findings.map(
      ({ severity, where, message }) => `${severity} ${where} ${message}`,
    )

  test('a plain image has none', () => {
    expect(messages({ entry: 0, segments: [{ vaddr: 0, data: code }] })).toEqual([])
  })

  test('segments that overlap in memory', () => {
    const segments = [
      { vaddr: 0x100, data: code },
      { vaddr: 0x200, data: code },
      { vaddr: 0x0, data: code, memsz: 0x104 },
    ]
    const [only, ...more] = messages({ entry: 0, segments })
    expect(only).toMatch(/^warning segment 2 overlaps segment 0 at 0x00000100/)
    expect(more).toEqual([])
  })

  test('segments inside a larger one', () => {
    const segments = [
      { vaddr: 0x0, data: code, memsz: 0x1000 },
      { vaddr: 0x100, data: code },
      { vaddr: 0x200, data: code },
    ]
    expect(messages({ entry: 0, segments })).toEqual([
      expect.stringContaining('segment 1 overlaps segment 0 at 0x00000100'),
      expect.stringContaining('segment 2 overlaps segment 0 at 0x00000200'),
    ])
  })

  test('segments that touch do not overlap', () => {
    const segments = [
      { vaddr: 0x0, data: code },
      { vaddr: 0x8, data: code },
    ]
    expect(messages({ entry: 0, segments })).toEqual([])
  })

  test('a segment loaded elsewhere than it is linked', () => {
    expect(messages(spec)[0]).toMatch(/^note segment 1 loaded at the physical address/)
  })

  test('a shared object', () => {
    expect(messages({ ...spec, type: 3 })[0]).toMatch(/^warning ELF header is a shared object/)
  })

  test('a program that wants a dynamic loader', () => {
    const interp = { type: 3, vaddr: 0, data: new TextEncoder().encode('/lib/ld.so\x1b\0') }
    expect(messages({ ...spec, segments: [interp, ...spec.segments] })).toContainEqual(
      expect.stringMatching(/program interpreter \(\/lib\/ld\.so\\x1b\)/),
    )
  })
})
