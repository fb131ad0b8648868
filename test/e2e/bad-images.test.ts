import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { buildResourceTable } from '../../dist/firmware/index.js'
import { image, openamp } from './command.js'
import { ILLEGAL, imageFile, patched, rpmsgVdev, SPIN, smallImage, TABLE } from './images.js'

const echo = new Uint8Array(readFileSync(image('echo')))
const view = new DataView(echo.buffer)
/** e_phoff and e_shoff of the 32-bit ELF header. */
const programHeaders = view.getUint32(28, true)
const sectionHeaders = view.getUint32(32, true)

const table = buildResourceTable([rpmsgVdev])
const tableWith = (offset: number, word: number): Uint8Array =>
  smallImage(SPIN, patched(table, offset, word))
/** Offsets in a table of one entry: header 16, one offset word, then the vdev with its vrings. */
const VDEV = 20
const VRING0 = VDEV + 28

const ring = (change: object) => ({ num: 16, align: 16, ...change })
const rings = (first: object, second: object) =>
  smallImage(SPIN, [{ kind: 'vdev', dfeatures: 1, vrings: [ring(first), ring(second)] }])

const unacceptable: readonly [what: string, bytes: Uint8Array | string, message: RegExp][] = [
  ['not an ELF', '#!/bin/sh\necho no firmware\n', /not an ELF file: .*offset 0x0/],
  ['an empty file', '', /truncated|ELF/],
  ['cut in the ELF header', echo.subarray(0, 30), /ELF header/],
  ['cut in the program headers', echo.subarray(0, programHeaders + 40), /program header/],
  ['cut in the section headers', echo.subarray(0, sectionHeaders + 50), /section header/],
  ['for another machine', smallImage(SPIN, 'none', { machine: 8 }), /RISC-V.*MIPS/],
  ['of 64 bits', smallImage(SPIN, 'none', { machine: 40, bits: 64 }), /32-bit.*64-bit/],
  ['big endian', Uint8Array.from(echo, (byte, i) => (i === 5 ? 2 : byte)), /big.endian/i],
  [
    'with a segment outside memory',
    smallImage(SPIN, [rpmsgVdev], {
      segments: [{ vaddr: 0x4000_0000, data: new Uint8Array(16) }],
      sections: [],
      entry: 0x4000_0000,
    }),
    /segment 0: da 0x40000000 .* lies in no memory region/,
  ],
  [
    'with its entry in no segment',
    smallImage(SPIN, [rpmsgVdev], { entry: 0x8000_8000 }),
    /entry 0x80008000 lies in no loaded segment/,
  ],
  ['without a resource table', smallImage(SPIN, 'none'), /no section \.resource_table/],
  ['with a table of version 2', tableWith(0, 2), /version.*1.*2/],
  ['with more entries than fit', tableWith(4, 1000), /entries|num/],
  ['with an entry outside the table', tableWith(16, 4096), /entry 0.*offset|offset/],
  [
    'with an entry that is cut',
    smallImage(SPIN, table.subarray(0, table.length - 24)),
    /vring|vdev/,
  ],
  ['with a ring of 15', tableWith(VRING0 + 8, 15), /vring 0.*15/],
  ['with a ring of 0', tableWith(VRING0 + 8, 0), /vring 0.*0/],
  [
    'with an alignment of 3',
    tableWith(VRING0 + 4, 3),
    /vring 0, align: expected a power of two.* found 0x3/,
  ],
  [
    'with a ring outside all memory',
    rings({ da: 0x4000_0000 }, {}),
    /vring 0 of vdev 0: da 0x40000000/,
  ],
  ['with a notify id twice', rings({ notifyid: 1 }, { notifyid: 1 }), /notify id 1/],
  [
    'with a notify id that no doorbell carries',
    rings({ notifyid: 9 }, {}),
    /notify id 9.*doorbell/,
  ],
  [
    'with rings too large for the memory',
    rings({ num: 32768 }, { num: 32768 }),
    /no 0x\w+ bytes left/,
  ],
  [
    'with a table outside memory',
    smallImage(SPIN, 'none', {
      sections: [{ name: '.resource_table', addr: 0x100, data: table }],
    }),
    /resource table at 0x00000100 .* lies in no memory region/,
  ],
]

describe('openamp run refuses an image', () => {
  test.each(unacceptable)('%s', async (what, bytes, message) => {
    const name = `${what.replaceAll(' ', '-')}.elf`
    const { code, stdout, stderr } = await openamp(['run', imageFile(name, bytes)])
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^openamp: [^\n]*\n$/)
    expect(stderr).toContain(name)
    expect(stdout).toBe('')
    expect(code).toBe(3)
  })

  test('a folder', async () => {
    const { code, stderr } = await openamp(['run', '/'])
    expect(stderr).toMatch(/^openamp: \/: cannot be read: [^\n]*\n$/)
    expect(code).toBe(3)
  })
})

describe('openamp inspect looks at the same images', () => {
  test.each(unacceptable)('%s', async (what, bytes) => {
    const { code, stdout, stderr } = await openamp([
      'inspect',
      imageFile(`inspected-${what.replaceAll(' ', '-')}.elf`, bytes),
    ])
    expect(stdout + stderr).not.toMatch(/\n\s+at /)
    expect([0, 3]).toContain(code)
    // What cannot be read at all is one line, what can is shown with its findings.
    if (stdout === '') expect(stderr).toMatch(/^openamp: [^\n]*\n$/)
    else expect(stdout).toContain('Findings')
  })
})

describe('an image that boots and dies', () => {
  test('at its first instruction: the reason says which and where', async () => {
    const path = imageFile('illegal.elf', smallImage(ILLEGAL))
    const { code, stdout } = await openamp(['run', path])
    expect(stdout).toMatch(/crashed {2}illegal instruction .*pc 0x80000000/)
    expect(code).toBe(1)
  })

  test('the table’s address can be given where its section has no name', async () => {
    const bytes = smallImage(SPIN, [rpmsgVdev], { sections: [] })
    const path = imageFile('nameless.elf', bytes)
    const args = ['run', path, '--resource-table', `0x${TABLE.toString(16)}`, '--timeout', '0.01']
    const { code, stderr } = await openamp(args)
    expect(stderr).toMatch(/no announcement within 10 ms/)
    expect(code).toBe(4)
  })
})
