import { describe, expect, test } from 'vitest'
import { buildElf, type ElfSpec, type SectionSpec } from '../build-elf.js'
import { readElf } from '../elf.js'
import type { FirmwareImage } from '../image.js'
import { buildResourceTable, type EntrySpec, type VdevSpec, type VringSpec } from './build.js'
import { type CheckTarget, examineImage } from './check.js'

const ram = { name: 'ram', da: 0x8000_0000, size: 0x10_0000 }
const architecture = { machine: 243, bits: 32 } as const
const target: CheckTarget = { architecture, regions: [ram] }

const tableAt = 0x8000_1000

function vdev(
  more: Partial<VdevSpec> = {},
  rings: readonly Partial<VringSpec>[] = [{}, {}],
): VdevSpec {
  const vrings = rings.map((ring, i) => ({ align: 16, num: 8, notifyid: i, ...ring }))
  return { kind: 'vdev', notifyid: 31, dfeatures: 1, vrings, ...more }
}

function image(
  entries: readonly EntrySpec[] = [vdev()],
  more: Partial<ElfSpec> = {},
  section: Partial<SectionSpec> = {},
): FirmwareImage {
  const table = buildResourceTable(entries)
  const spec: ElfSpec = {
    entry: 0x8000_0000,
    segments: [
      { vaddr: 0x8000_0000, data: new Uint8Array(16), flags: 5 },
      { vaddr: tableAt, data: table, flags: 6 },
    ],
    sections: [
      { name: '.resource_table', addr: tableAt, size: table.length, flags: 3, ...section },
    ],
    ...more,
  }
  return readElf(buildElf(spec), 'echo.elf')
}

function findings(elf: FirmwareImage, against: CheckTarget = target): string[] {
  return examineImage(elf, against).findings.map(
    ({ severity, where, message }) => `${severity}: ${where}: ${message}`,
  )
}

const tableFindings = (...entries: readonly EntrySpec[]): string[] => findings(image(entries))

/** Exactly one finding, and it says so. */
function only(found: readonly string[], pattern: RegExp): void {
  expect(found).toEqual([expect.stringMatching(pattern)])
}

test('a sound image has no findings', () => {
  const entries: EntrySpec[] = [
    { kind: 'carveout', name: 'vdev0vring0', da: 0x8008_0000, len: 0x1000 },
    { kind: 'carveout', name: 'vdev0buffer', len: 0x8000 },
    { kind: 'trace', name: 'trace0', da: 0x8000_8000, len: 0x1000 },
    vdev({}, [{ da: 0x8008_0000 }, {}]),
  ]
  expect(tableFindings(...entries)).toEqual([])
})

describe('the image:', () => {
  test('made for another machine', () => {
    const arm = { architecture: { machine: 40, bits: 32 } } as const
    only(
      findings(image(), arm),
      /^error: ELF header: the image is for RISC-V, 32 bit; the core is Arm/,
    )
  })

  test('made for another width of the machine', () => {
    const wide = { architecture: { machine: 243, bits: 64 } } as const
    only(findings(image(), wide), /the core is RISC-V, 64 bit/)
  })

  test('a segment outside memory', () => {
    const small = { regions: [{ ...ram, size: 0x1010 }] }
    expect(findings(image(), small)[0]).toMatch(
      /^error: segment 1: 0x80001000\.\.0x80001057 is outside memory \(ram 0x80000000\.\.0x8000100f\)$/,
    )
  })

  test('a first segment that starts with the ELF header, below memory', () => {
    const elf = image()
    const [first, second] = elf.loadable
    if (first === undefined || second === undefined) throw new Error('segments are missing')
    const low = { ...first, offset: 0, paddr: 0x7fff_f000 }
    only(findings({ ...elf, loadable: [low, second] }), /segment 0: .*--nmagic/)
  })

  test('an entry in no segment', () => {
    only(
      findings(image(undefined, { entry: 0x100 })),
      /^error: entry 0x00000100: lies in no loadable/,
    )
  })

  test('an entry in a segment that is not executable', () => {
    only(
      findings(image(undefined, { entry: tableAt })),
      /^warning: entry 0x80001000: .* not executable/,
    )
  })

  test('an Arm entry with the Thumb bit is inside its segment', () => {
    const arm = { entry: 0x8000_0001, machine: 40 }
    expect(findings(image(undefined, arm), { regions: [ram] })).toEqual([])
  })
})

describe('the place of the table:', () => {
  test('there is none', () => {
    only(
      findings(image([], { sections: [] })),
      /^warning: resource table: the image has no section/,
    )
  })

  test('there is none, but a symbol that looks like one', () => {
    const symbols = [{ name: 'rsc_table', address: tableAt, type: 1 }]
    only(
      findings(image([], { sections: [], symbols })),
      /its symbol rsc_table at 0x80001000 may be one/,
    )
  })

  test('it may be given by address', () => {
    const { table, findings: found } = examineImage(image([vdev()], { sections: [] }), {
      ...target,
      address: tableAt,
    })
    expect(found).toEqual([])
    expect(table?.vdevs.length).toBe(1)
  })

  test('it is malformed', () => {
    const found = examineImage(image([vdev()], {}, { size: 15 }), target)
    expect(found.table).toBeUndefined()
    expect(found.findings).toEqual([
      {
        severity: 'error',
        where: 'resource table',
        message: 'section .resource_table: header: expected 16 bytes at offset 0x0, found 15',
      },
    ])
  })

  test('it is outside memory', () => {
    const table = buildResourceTable([vdev()])
    const elf = image([vdev()], {}, { addr: 0x100, data: table })
    expect(findings(elf)[0]).toMatch(
      /^error: resource table: 0x00000100\.\.0x00000157 is outside memory/,
    )
  })

  test('its section is not allocated', () => {
    only(findings(image([vdev()], {}, { flags: 0 })), /^error: .* is not allocated \(flag A\)/)
  })

  test('no loadable segment brings it', () => {
    const data = buildResourceTable([vdev()])
    only(
      findings(image([vdev()], {}, { data })),
      /^warning: .* no loadable segment brings it to 0x80001000/,
    )
  })

  test('start-up code copies it to its address', () => {
    const data = buildResourceTable([vdev()])
    const segments = [
      { vaddr: 0x8000_0000, data: new Uint8Array(16), flags: 5 },
      { vaddr: tableAt, paddr: 0x8000_2000, data, flags: 6 },
    ]
    expect(findings(image([vdev()], { segments }))).toContainEqual(
      expect.stringMatching(
        /^warning: .*loads it at 0x80002000, but the host writes .* 0x80001000/,
      ),
    )
  })

  test('there are two', () => {
    const data = buildResourceTable([vdev()])
    const section = { name: '.resource_table', addr: tableAt, size: data.length }
    only(
      findings(image([vdev()], { sections: [section, section] })),
      /^warning: .* several sections/,
    )
  })
})

describe('virtio devices:', () => {
  test('there is none', () => {
    only(tableFindings(), /^warning: resource table: it has no vdev, so no channel appears/)
  })

  test('none is an RPMsg device', () => {
    only(tableFindings(vdev({ id: 3 })), /no vdev with id 7/)
  })

  test('an RPMsg device without the name service', () => {
    only(tableFindings(vdev({ dfeatures: 2 })), /^warning: vdev 0: its dfeatures 0x2 lack bit 0/)
  })

  test('an RPMsg device without two rings', () => {
    only(tableFindings(vdev({}, [{}])), /^error: vdev 0: RPMsg needs 2 vrings, it has 1/)
  })

  test('another device with more rings than Linux takes', () => {
    only(
      tableFindings(
        vdev(),
        vdev({ id: 3, notifyid: 30 }, [{ notifyid: 2 }, { notifyid: 3 }, { notifyid: 4 }]),
      ),
      /^warning: vdev 1: has 3 vrings/,
    )
  })

  test("the host's fields are set already", () => {
    only(tableFindings(vdev({ status: 7 })), /^warning: vdev 0: status 0x7 and gfeatures 0x0/)
    only(tableFindings(vdev({ gfeatures: 1 })), /gfeatures 0x1/)
  })

  test('rings of different sizes', () => {
    only(tableFindings(vdev({}, [{ num: 8 }, { num: 16 }])), /^warning: vdev 0: its vrings differ/)
  })

  test('more ring entries than Linux uses', () => {
    only(tableFindings(vdev({}, [{ num: 512 }, { num: 512 }])), /^note: vdev 0: .*1024 buffers/)
  })

  test('a carve-out too small for the buffers', () => {
    const small = { kind: 'carveout', name: 'vdev0buffer', len: 0x1fff } as const
    only(
      tableFindings(small, vdev()),
      /^warning: vdev 0: 16 buffers of 512 bytes need 0x2000 bytes/,
    )
    expect(tableFindings({ ...small, len: 0x2000 }, vdev())).toEqual([])
  })
})

describe('notify ids:', () => {
  test('two rings have the same', () => {
    only(
      tableFindings(vdev({}, [{ notifyid: 3 }, { notifyid: 3 }])),
      /^error: vring 1 of vdev 0: has the notify id 3 of vring 0 of vdev 0/,
    )
  })

  test('a vdev has that of a ring', () => {
    only(tableFindings(vdev({ notifyid: 1 })), /^warning: vdev 0: has the notify id 1 of vring 1/)
  })

  test('two vdevs have the same', () => {
    const second = vdev({}, [{ notifyid: 4 }, { notifyid: 5 }])
    only(tableFindings(vdev(), second), /^warning: vdev 1: has the notify id 31 of vdev 0/)
  })

  test('those left to the host are no duplicates', () => {
    const any = 0xffff_ffff
    expect(tableFindings(vdev({ notifyid: any }, [{ notifyid: any }, { notifyid: any }]))).toEqual(
      [],
    )
  })
})

describe('addresses:', () => {
  /** Of 8 entries aligned to 16: descriptors and avail ring 150, up to 160, used ring 70. */
  const ringBytes = 230
  const fixed = { kind: 'carveout', name: 'shm', da: 0x8008_0000, len: 0x1000 } as const

  test('a ring outside memory', () => {
    only(
      tableFindings(vdev({}, [{ da: 0x9000_0000 }, {}])),
      /^error: vring 0 of vdev 0: 0x90000000\.\.0x900000e5 is outside memory/,
    )
  })

  test('a ring of which the last byte is outside memory', () => {
    const end = 0x8010_0000
    const at = (da: number) => tableFindings(vdev({}, [{ da, align: 4 }, {}]))
    const size = 128 + 22 + 2 + 70
    expect(at(end - Math.ceil(size / 4) * 4)).toEqual([])
    only(at(end - Math.floor(size / 4) * 4), /outside memory/)
  })

  test('a ring off its alignment', () => {
    only(
      tableFindings(vdev({}, [{ da: 0x8008_0008 }, {}])),
      /^error: vring 0 .* no multiple of its align 0x10/,
    )
  })

  test('a ring with an alignment below a word', () => {
    only(tableFindings(vdev({}, [{ align: 2 }, {}])), /^error: vring 0 of vdev 0: align 2/)
  })

  test('rings that overlap', () => {
    const rings = [{ da: 0x8008_0000 }, { da: 0x8008_00e0 }]
    only(tableFindings(vdev({}, rings)), /^error: vring 1 .* lies across vring 0 of vdev 0/)
    const apart = [{ da: 0x8008_0000 }, { da: 0x8008_0000 + Math.ceil(ringBytes / 16) * 16 }]
    expect(tableFindings(vdev({}, apart))).toEqual([])
  })

  test('a ring that reaches beyond its carve-out', () => {
    only(
      tableFindings(fixed, vdev({}, [{ da: 0x8008_0f20 }, {}])),
      /reaches beyond entry 0 \(carveout shm\)/,
    )
  })

  test('a ring in no carve-out, where the memory is not known', () => {
    const elf = image([fixed, vdev({}, [{ da: 0x8009_0000 }, {}])])
    only(findings(elf, {}), /^warning: vring 0 of vdev 0: .* lies in no carve-out/)
    expect(findings(elf)).toEqual([])
  })

  test('a ring larger than the carve-out made for it', () => {
    const home = { kind: 'carveout', name: 'vdev0vring1', len: ringBytes - 1 } as const
    only(tableFindings(home, vdev()), /^error: vring 1 of vdev 0: needs 0xe6 bytes .* has 0xe5/)
    expect(tableFindings({ ...home, len: ringBytes }, vdev())).toEqual([])
  })

  test('a ring across the loaded bytes', () => {
    only(
      tableFindings(vdev({}, [{ da: tableAt }, {}])),
      /^error: vring 0 .* loaded bytes of segment 1/,
    )
  })

  test('a ring in the carve-out of the buffers', () => {
    const buffers = { ...fixed, name: 'vdev0buffer', len: 0x8000 }
    only(
      tableFindings(buffers, vdev({}, [{ da: 0x8008_1000 }, {}])),
      /^error: vring 0 .* buffers' carve-out/,
    )
  })

  test('a carve-out outside memory', () => {
    only(
      tableFindings({ ...fixed, da: 0x100 }, vdev()),
      /^error: entry 0 \(carveout shm\): .*outside memory/,
    )
  })

  test('a carve-out that ends beyond 32 bits', () => {
    const high = { ...fixed, da: 0xffff_f000, len: 0x1001 }
    only(findings(image([high, vdev()]), {}), /^error: entry 0 .* ends beyond 32 bits/)
  })

  test('carve-outs that overlap', () => {
    const other = { ...fixed, name: 'other', da: 0x8008_0fff }
    only(
      tableFindings(fixed, other, vdev()),
      /^error: entry 1 \(carveout other\): .* claims memory of entry 0/,
    )
  })

  test('an empty carve-out', () => {
    only(tableFindings({ ...fixed, len: 0 }, vdev()), /^warning: entry 0 .*0 bytes/)
  })

  test('a trace buffer outside memory', () => {
    const trace = { kind: 'trace', name: 'log\x1b[2J', da: 0x100, len: 0x1000 } as const
    only(tableFindings(trace, vdev()), /^error: entry 0 \(trace log\\x1b\[2J\): .*outside memory/)
  })

  test('a trace buffer without address, or without length', () => {
    const trace = { kind: 'trace', name: 't', da: 0xffff_ffff, len: 0x1000 } as const
    only(tableFindings(trace, vdev()), /^error: entry 0 \(trace t\): has no address/)
    only(tableFindings({ ...trace, da: 0x8000_8000, len: 0 }, vdev()), /^warning: .* 0 bytes long/)
  })

  test('a device mapping, which Linux refuses', () => {
    const devmem = { kind: 'devmem', name: 'uart', da: 0, len: 0x1000 } as const
    only(tableFindings(devmem, vdev()), /^warning: entry 0 \(devmem uart\): Linux refuses/)
  })
})
