import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { disassemble as disassembleThumb } from '../../src/cores/cortex-m/disassemble.js'
import { Op } from '../../src/cores/cortex-m/operation.js'
import { parts } from '../../src/cores/cortex-m/parts.js'
import { decode16, isLong } from '../../src/cores/cortex-m/thumb16.js'
import { decode32 } from '../../src/cores/cortex-m/thumb32.js'
import { csrNames } from '../../src/cores/riscv/csr-names.js'
import { disassemble } from '../../src/cores/riscv/disassemble.js'
import { readElf } from '../../src/firmware/index.js'
import { needsTool } from '../tools.js'
import { Random } from './random.js'

const images = fileURLToPath(new URL('../../firmware/images', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'disassembly-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Line {
  readonly address: number
  readonly size: number
  readonly bits: number
  readonly text: string
}

/** What objdump says, a line an instruction; symbols and comments are left out. */
function listing(tool: string, ...args: string[]): Line[] {
  const output = execFileSync(tool, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
  return output.split('\n').flatMap((line) => {
    const [, address, raw, text] =
      /^\s*([0-9a-f]+):\t([0-9a-f]{4}(?: ?[0-9a-f]{4})?)\s*\t(.*)$/.exec(line) ?? []
    if (address === undefined || raw === undefined || text === undefined) return []
    const digits = raw.replace(' ', '')
    return {
      address: Number.parseInt(address, 16),
      size: digits.length / 2,
      bits: Number.parseInt(digits, 16),
      text: text
        .replace(/\s*(<.*>|[;@].*|# .*)/, '')
        .replace('\t', ' ')
        .trim(),
    }
  })
}

const riscv = needsTool('riscv64-unknown-elf-objdump', 'binutils-riscv64-unknown-elf', 2)
const assembler = needsTool('riscv64-unknown-elf-as', 'binutils-riscv64-unknown-elf', 2)

describe.skipIf(riscv === undefined)('RISC-V, as objdump has it', () => {
  const tool = riscv ?? ''

  /** Jump targets without 0x (objdump adds it where there are no symbols); immediates by their name. */
  const plain = (text: string): string =>
    text
      .replace(
        /^(add|and|or|xor|slt|sltu|sll|srl|sra|ror|bclr|bext|binv|bset)(w?) (\w+,\w+,(-?\d|0x))/,
        '$1i$2 $3',
      )
      .replace('sltui', 'sltiu')
      .replace(/^(csr\w+?)(?<!i) ((?:\w+,)*\d+)$/, '$1i $2')
      .replace(/\b0x/g, '')
      // Of targets below 0 the lower half.
      .replace(/\bf{8}(?=[0-9a-f]{8}$)/, '')

  const csrs = new Set(csrNames.values())

  /** What objdump knows and no core of ours has, hints, data, encodings of other lengths than 2 and 4. */
  const foreign = ({ size, bits, text }: Line, wide: boolean): boolean => {
    const [, csr] =
      /^csr\w+ (?:\w+,)??([a-z]\w+)(?:,\w+)?$/.exec(text.replace(/^(csrr\w? )\w+,/, '$1')) ?? []
    if (csr !== undefined && !csrs.has(csr)) return true
    if (/^\.word|^c\.|^f[ls]d |^fmv.*\.[xd]/.test(text)) return true
    if (!wide && /\.d[. ]/.test(text)) return true
    if (!wide && /^(sll|srl|sra|ror|bclr|bext|binv|bset) .*,0x[23]\w$/.test(text)) return true
    if (size === 4) return (bits & 0x1f) === 0x1f
    return (bits & 3) === 3 || /^addi? .*,0$/.test(text)
  }

  const differences = (lines: readonly Line[], wide = false): string[] =>
    lines.flatMap((line) => {
      if (foreign(line, wide)) return []
      const { address, bits, size, text } = line
      const ours = disassemble(bits, address, wide)
      const same = ours.size === size && plain(ours.text) === plain(text)
      return same ? [] : `${bits.toString(16)}: ${text} | ${ours.text}`
    })

  const header = (name: string) => readElf(readFileSync(join(images, name)))
  const ours = readdirSync(images, { encoding: 'utf8', recursive: true }).filter(
    (name) => name.endsWith('.elf') && header(name).machine === 243,
  )

  test.each(ours)('%s', (name) => {
    const lines = listing(tool, '-d', join(images, name))
    expect(lines.length).toBeGreaterThan(100)
    expect(differences(lines, header(name).bits === 64)).toEqual([])
  })

  test.each([
    { bits: 32, march: 'rv32imafc_zicsr_zifencei_zba_zbb_zbs', abi: 'ilp32f', opcodes: [0x53] },
    { bits: 64, march: 'rv64imac_zicsr_zifencei', abi: 'lp64', opcodes: [0x1b, 0x3b] },
  ])('random words, $bits bits', ({ bits, march, abi, opcodes: more }) => {
    const random = new Random(20)
    const file = join(folder, `words${bits}`)
    const opcodes = [
      0x37,
      0x17,
      0x6f,
      0x67,
      0x63,
      0x03,
      0x23,
      0x13,
      0x33,
      0x0f,
      0x2f,
      0x73,
      ...more,
    ]
    // Some of 16 bits, mostly those of the opcodes that there are, with fields that are often small.
    const words = Array.from({ length: 20_000 }, (_, n) => {
      const word = random.word()
      const narrow = n % 3 === 0 ? word & 0x01ff_ffff : word
      if (n % 4 === 3) return (word & 3) === 3 ? word & 0xfffe : word & 0xffff
      return ((narrow & ~0x7f) | (opcodes[n % opcodes.length] ?? 0x13)) >>> 0
    })
    // As instructions, not as data, of a processor that has all that ours have.
    writeFileSync(file, Array.from(words, (word) => `.insn ${word}\n`).join(''))
    execFileSync(assembler ?? '', [`-march=${march}`, `-mabi=${abi}`, '-o', `${file}.o`, file])
    const lines = listing(tool, '-d', `${file}.o`)
    expect(lines.length).toBeGreaterThanOrEqual(20_000)
    expect(differences(lines, bits === 64)).toEqual([])
  })
})

const arm = needsTool('arm-none-eabi-objdump', 'binutils-arm-none-eabi', 2)
const armAssembler = needsTool('arm-none-eabi-as', 'binutils-arm-none-eabi', 2)

describe.skipIf(arm === undefined)('Cortex-M, as objdump has it', () => {
  const tool = arm ?? ''

  const nothing: ReadonlySet<number> = new Set([Op.UNDEFINED, Op.FP_UNDEFINED, Op.NO_COPROCESSOR])
  const cores = [parts['cortex-m7'], parts['cortex-m33']]

  /** Whether one of our cores executes it. */
  const executed = (first: number, second: number | undefined): boolean =>
    cores.some((part) => {
      const { op } =
        second === undefined ? decode16(first, 0, part, false) : decode32(first, second, 0, part)
      return !nothing.has(op)
    })

  /**
   * What objdump takes for undefined, or for instructions of other profiles (DFB, BTI and the like,
   * banked registers of MRS and MSR), special registers that it does not know, CPS without a flag, and
   * loads relative to the pc, of whose offset it takes bits for those of LDRT.
   */
  const foreign = (text: string): boolean =>
    text === '' ||
    /^(dfb|bti|pac|aut|esb)|^cpsi[ed]$|^ldr\w*t \w+, \[pc,/.test(text) ||
    /^mrs \w+,($| \(UNDEF)|^msr(,| \(UNDEF)|^m.*_(usr|fiq|irq|svc|abt|und|mon|hyp)\b/.test(text)

  const differences = (lines: readonly Line[]): string[] => {
    let itstate = 0
    return lines.flatMap(({ address, bits, size, text }) => {
      const [first, second] = size === 2 ? [bits, undefined] : [bits >>> 16, bits & 0xffff]
      const state = itstate
      itstate = (itstate & 7) === 0 ? 0 : (itstate & 0xe0) | ((itstate << 1) & 0x1f)
      // IT.
      if (size === 2 && bits >>> 8 === 0xbf && (bits & 15) !== 0) itstate = bits & 0xff
      // Data, which does not have to have the length of an instruction.
      if (text.startsWith('.') || size !== (isLong(first) ? 4 : 2)) return []
      if (!executed(first, second) || foreign(text)) return []
      const ours = disassembleThumb(first, second, address, state)
      const same = ours.size === size && ours.bits === bits && ours.text === text
      return same ? [] : `${bits.toString(16)}: ${text} | ${ours.text}`
    })
  }

  /** Instructions by their bits, of a core that has all that ours have; as objdump reads them. */
  function listingOf(name: string, instructions: readonly (readonly [bits: number, n: number])[]) {
    const file = join(folder, name)
    const lines = instructions.map(([bits, halves]) => {
      return `.inst.${halves === 1 ? 'n' : 'w'} ${bits}\n`
    })
    const head = '.syntax unified\n.thumb\n.cpu cortex-m33\n.fpu fpv5-d16\n'
    writeFileSync(file, head + lines.join(''))
    execFileSync(armAssembler ?? '', ['-o', `${file}.o`, file])
    const read = listing(tool, '-d', '-M', 'force-thumb', `${file}.o`)
    expect(read).toHaveLength(instructions.length)
    return read
  }

  const boards = readdirSync(images, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const ours = boards
    .flatMap(({ name: board }) =>
      readdirSync(join(images, board)).map((name) => `${board}/${name}`),
    )
    .filter((name) => {
      // Those in Thumb: they are entered at an odd address.
      const { machine, entry } = readElf(readFileSync(join(images, name)))
      return machine === 40 && entry % 2 === 1
    })

  test.each(ours)('%s', (name) => {
    const lines = listing(tool, '-d', join(images, name))
    expect(lines.length).toBeGreaterThan(100)
    expect(differences(lines)).toEqual([])
  })

  test('all instructions of 16 bits', () => {
    const halves = Array.from({ length: 0xe800 }, (_, half) => half)
    // IT changes those that follow.
    const single = halves.filter((half) => half >>> 8 !== 0xbf || (half & 15) === 0)
    expect(
      differences(
        listingOf(
          'halves',
          single.map((half) => [half, 1]),
        ),
      ),
    ).toEqual([])
  })

  test('IT blocks, with the conditions of what is in them', () => {
    const inside = [
      ...([0x1840, 0x2005, 0x4240, 0x4350, 0x6808, 0x0000, 0xbf00, 0x4770].map((h) => [h, 1]) as [
        number,
        number,
      ][]),
      ...([0xf100_0003, 0xf8d1_0004, 0xfb01_f203, 0xf3ef_8010, 0xee30_0a01].map((w) => [w, 2]) as [
        number,
        number,
      ][]),
    ]
    const random = new Random(21)
    const blocks = Array.from({ length: 14 * 16 }, (_, n) => 0xbf00 | n).filter((it) => it & 15)
    const code = blocks.flatMap((it) => [
      [it, 1] as const,
      ...Array.from(
        { length: 4 },
        () => inside[random.below(inside.length)] ?? ([0xbf00, 1] as const),
      ),
    ])
    expect(differences(listingOf('blocks', code))).toEqual([])
  })

  test('random words', () => {
    const random = new Random(22)
    /** What is always set, and what is random beside it: the rows of the manual that are rare. */
    const rows = [
      ...([
        [0xe800_0000, 0x07ff_ffff],
        [0xf000_0000, 0x07ff_ffff],
        [0xf800_0000, 0x07ff_ffff],
      ] as const),
      ...([
        [0xfa00_f000, 0x00ff_0fff],
        [0xfb00_0000, 0x00ff_ffff],
        [0xfb00_f000, 0x00ff_0fff],
      ] as const),
      ...([
        [0xee00_0a00, 0x00ff_f1ff],
        [0xfe00_0a00, 0x00ff_f1ff],
        [0xec00_0a00, 0x01ff_f1ff],
      ] as const),
      ...([
        [0xeeb0_0a40, 0x004f_f1bf],
        [0xfeb8_0a40, 0x0047_f1bf],
        [0xec40_0a10, 0x001f_f12f],
      ] as const),
      ...([
        [0xf380_8000, 0x000f_0fff],
        [0xf3ef_8000, 0x0000_0fff],
        [0xf3af_8000, 0x0000_00ff],
      ] as const),
      ...([
        [0xf3bf_8f40, 0x0000_003f],
        [0xe840_0000, 0x001f_ffff],
        [0xe8c0_0f40, 0x001f_f0bf],
      ] as const),
      ...([
        [0xe8c0_0f80, 0x001f_f07f],
        [0xe840_f000, 0x000f_0fc0],
        [0xea4f_0000, 0x0010_7fff],
      ] as const),
      ...([
        [0xf000_0000, 0x06ff_7fff],
        [0xf04f_0000, 0x0430_7fff],
        [0xf810_f000, 0x01ef_0fff],
      ] as const),
      ...([
        [0xee00_0a10, 0x00ff_f180],
        [0xeee1_0a10, 0x0010_f000],
        [0xe810_8000, 0x03ef_7fff],
      ] as const),
    ] as const
    const words = Array.from({ length: 20_000 }, (_, n) => {
      const [set, free] = rows[n % rows.length] ?? [0xf000_0000, 0x07ff_ffff]
      return (set | (random.word() & free)) >>> 0
    })
    const known = words.filter((word) => executed(word >>> 16, word & 0xffff))
    expect(known.length).toBeGreaterThan(8000)
    expect(
      differences(
        listingOf(
          'words',
          known.map((word) => [word, 2]),
        ),
      ),
    ).toEqual([])
  })
})
