import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
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
        .replace(/\s*(<.*>|[#;@].*)/, '')
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
        /^(add|and|or|xor|slt|sltu|sll|srl|sra|ror|bclr|bext|binv|bset) (\w+,\w+,(-?\d|0x))/,
        '$1i $2',
      )
      .replace('sltui', 'sltiu')
      .replace(/^(csr\w+?)(?<!i) ((?:\w+,)*\d+)$/, '$1i $2')
      .replace(/\b0x/g, '')

  const csrs = new Set(csrNames.values())

  /** What objdump knows and no core of ours has, hints, data, encodings of other lengths than 2 and 4. */
  const foreign = ({ size, bits, text }: Line): boolean => {
    const [, csr] =
      /^csr\w+ (?:\w+,)??([a-z]\w+)(?:,\w+)?$/.exec(text.replace(/^(csrr\w? )\w+,/, '$1')) ?? []
    if (csr !== undefined && !csrs.has(csr)) return true
    if (/^\.word|^c\.|\.d[. ]|^f[ls]d |^fmv.*\.[xd]/.test(text)) return true
    if (/^(sll|srl|sra|ror|bclr|bext|binv|bset) .*,0x[23]\w$/.test(text)) return true
    if (size === 4) return (bits & 0x1f) === 0x1f
    return (bits & 3) === 3 || /^addi? .*,0$/.test(text)
  }

  const differences = (lines: readonly Line[]): string[] =>
    lines.flatMap((line) => {
      if (foreign(line)) return []
      const { address, bits, size, text } = line
      const ours = disassemble(bits, address)
      const same = ours.size === size && plain(ours.text) === plain(text)
      return same ? [] : `${bits.toString(16)}: ${text} | ${ours.text}`
    })

  const machine = (name: string): number => readElf(readFileSync(join(images, name))).machine
  const ours = readdirSync(images).filter((name) => name.endsWith('.elf') && machine(name) === 243)

  test.each(ours)('%s', (name) => {
    const lines = listing(tool, '-d', join(images, name))
    expect(lines.length).toBeGreaterThan(100)
    expect(differences(lines)).toEqual([])
  })

  test('random words', () => {
    const random = new Random(20)
    const file = join(folder, 'words')
    const opcodes = [0x37, 0x17, 0x6f, 0x67, 0x63, 0x03, 0x23, 0x13, 0x33, 0x0f, 0x2f, 0x73, 0x53]
    // Some of 16 bits, mostly those of the opcodes that there are, with fields that are often small.
    const words = Array.from({ length: 20_000 }, (_, n) => {
      const word = random.word()
      const narrow = n % 3 === 0 ? word & 0x01ff_ffff : word
      if (n % 4 === 3) return (word & 3) === 3 ? word & 0xfffe : word & 0xffff
      return ((narrow & ~0x7f) | (opcodes[n % 13] ?? 0x13)) >>> 0
    })
    // As instructions, not as data, of a processor that has all that ours have.
    writeFileSync(file, Array.from(words, (word) => `.insn ${word}\n`).join(''))
    const march = '-march=rv32imafc_zicsr_zifencei_zba_zbb_zbs'
    execFileSync(assembler ?? '', [march, '-mabi=ilp32f', '-o', `${file}.o`, file])
    const lines = listing(tool, '-d', `${file}.o`)
    expect(lines.length).toBeGreaterThanOrEqual(20_000)
    expect(differences(lines)).toEqual([])
  })
})
