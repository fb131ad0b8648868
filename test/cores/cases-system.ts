import * as asm from './assembler.js'
import { csr } from './assembler.js'
import { type Case, HANDLER, parcels } from './harness.js'
import { Random } from './random.js'

const RD = 22
const OLD = 27
const NEW = 28

const csrForms = ['', 'csrrw', 'csrrs', 'csrrc', '', 'csrrwi', 'csrrsi', 'csrrci'] as const

/** What may be written to each CSR without QEMU keeping bits that a machine-only hart has not. */
const csrValues: readonly (readonly [string, number, readonly number[]])[] = [
  ['mscratch', csr.mscratch, [0, 0xffff_ffff, 0x8000_0001, 0x1234_5678]],
  ['mepc', csr.mepc, [0, 0xffff_fffe, 0x8000_0002]],
  ['mcause', csr.mcause, [0, 0x8000_000b, 0xffff_ffff]],
  ['mtval', csr.mtval, [0, 0xffff_ffff, 0x1234_5678]],
  ['mtvec', csr.mtvec, [HANDLER, HANDLER | 1, HANDLER | 2, HANDLER | 3, 0xffff_fffd]],
  ['mie', csr.mie, [0, 0x888, 0x80, 0x800, 8]],
  ['mstatus', csr.mstatus, [0x1800, 0x1880]],
  ['misa', csr.misa, [0, 0xffff_ffff]],
]

/** Clears bit 1 of a register with `misa` in it: QEMU 7.2 does not know the letter B yet. */
function withoutB(register: number): number {
  return asm.typeI(0x13, 7, register, register, -3 & 0xfff)
}

/** Each CSR instruction, with and without its operands, on each CSR that can be written. */
export function csrCases(): Case[] {
  const cases: Case[] = []
  for (const [name, number, values] of csrValues) {
    for (const funct3 of [1, 2, 3, 5, 6, 7]) {
      for (const value of values) {
        for (const [rd, rs1] of [
          [RD, 6],
          [0, 6],
          [RD, 0],
          [6, 6],
        ] as const) {
          // mepc would become odd, mstatus lose its MPP, and so on: not on QEMU's hart.
          if (funct3 !== 2 && funct3 !== 1 && rs1 !== 0 && number !== csr.mscratch) continue
          if (funct3 === 1 && rs1 === 0 && number === csr.mstatus) continue
          if (funct3 === 5 && number === csr.mstatus) continue
          cases.push({
            name: `${csrForms[funct3]} x${rd}, ${name}, ${rs1} with ${value.toString(16)}`,
            set: 'edges',
            code: parcels(
              // As after reset, for MPP shows a user mode on QEMU's hart since the MRET to here.
              ...asm.li(OLD, 0x1800),
              asm.csrrw(0, csr.mstatus, OLD),
              asm.csrrs(OLD, number, 0),
              ...asm.li(6, value),
              asm.typeI(0x73, funct3, rd, rs1, number),
              asm.csrrs(NEW, number, 0),
              asm.csrrw(0, number, OLD),
              ...(number === csr.misa ? [RD, OLD, NEW, 6].map(withoutB) : []),
            ),
          })
        }
      }
    }
  }
  return cases
}

/** medeleg and mideleg, which QEMU 7.2 has without a mode to delegate to; satp, which it has not then. */
const different: readonly number[] = [0x302, 0x303, 0x180]

/** Which CSRs there are: each number is read and written. */
export function csrNumberCases(): Case[] {
  const cases: Case[] = []
  for (let number = 0; number < 0x1000; number++) {
    if (different.includes(number)) continue
    const name = `csr 0x${number.toString(16)}`
    const ignore = [`x${RD}`, `x${RD}'s upper half`]
    const read = parcels(asm.csrrs(RD, number, 0))
    cases.push({ name: `${name} read`, set: 'edges', code: read, ignore })
    // Not those that the harness lives on, nor those whose writing changes what comes after.
    if (number >= 0x300 && number < 0x345) continue
    const write = parcels(asm.csrrs(RD, number, 11), asm.csrrw(RD, number, 11))
    cases.push({ name: `${name} written`, set: 'edges', code: write, ignore })
  }
  return cases
}

/** MRET with `mstatus`, to `skip` bytes behind it. */
export function returnTo(skip: number, mstatus: number): number[] {
  return [
    ...asm.li(6, mstatus),
    asm.csrrw(0, csr.mstatus, 6),
    asm.auipc(7, 0),
    asm.addi(7, 7, 16 + skip),
    asm.csrrw(0, csr.mepc, 7),
    asm.mret,
  ]
}

/** MIE and MPIE into x6. After MRET the MPP of QEMU's hart shows a user mode that it has not. */
const seeMstatus = [asm.csrrs(6, csr.mstatus, 0), asm.typeI(0x13, 7, 6, 6, 0x88)]

export function trapCases(): Case[] {
  const sequences: readonly (readonly [string, ...number[]])[] = [
    ['ecall', asm.ecall],
    ['ebreak', asm.ebreak],
    ['fence', asm.fence],
    ['fence.i', asm.fenceI],
    ['mret', ...returnTo(2, 0x1800), asm.nop, ...seeMstatus],
    ['mret with MPIE', ...returnTo(0, 0x1880), ...seeMstatus],
    ['mret with MPIE clear', ...returnTo(0, 0x1808), ...seeMstatus],
    ['ecall with MIE', asm.csrrsi(0, csr.mstatus, 8), asm.ecall],
    ['ecall in vectored mode', asm.csrrw(0, csr.mtvec, 26), asm.ecall],
    ['illegal instruction with MIE', asm.csrrsi(0, csr.mstatus, 8), 0xffff_ffff],
    ['sret', 0x1020_0073],
    ['uret', 0x0020_0073],
  ]
  return sequences.map(([name, ...words]) => ({ name, set: 'edges', code: parcels(...words) }))
}

const CLINT_REGISTER = 25

export function interruptCases(): Case[] {
  const raiseSoftware = [asm.addi(6, 0, 1), asm.sw(6, CLINT_REGISTER, 0)]
  const raiseTimer = [...asm.li(6, 0x0200_4000), asm.sw(0, 6, 4), asm.sw(0, 6, 0)]
  const enable = (bit: number): number[] => [...asm.li(7, bit), asm.csrrs(0, csr.mie, 7)]
  const go = [asm.csrrsi(0, csr.mstatus, 8), asm.nop, asm.nop]
  const pending = [...asm.li(7, 0x888), asm.csrrs(5, csr.mip, 0), asm.typeR(0x33, 7, 0, 5, 5, 7)]
  const vectored = [asm.csrrw(0, csr.mtvec, 26)]
  const sequences: readonly (readonly [string, ...number[]])[] = [
    ['software interrupt', ...raiseSoftware, ...enable(8), ...go],
    ['software interrupt, vectored', ...vectored, ...raiseSoftware, ...enable(8), ...go],
    ['software interrupt, not enabled in mie', ...raiseSoftware, ...enable(0x80), ...go],
    ['software interrupt, not enabled in mstatus', ...raiseSoftware, ...enable(8), ...pending],
    [
      'software interrupt, lowered',
      ...raiseSoftware,
      asm.sw(0, CLINT_REGISTER, 0),
      ...enable(8),
      ...pending,
      ...go,
    ],
    [
      'only bit 0 of msip counts',
      asm.addi(6, 0, -2),
      asm.sw(6, CLINT_REGISTER, 0),
      asm.lw(5, CLINT_REGISTER, 0),
    ],
    ['timer interrupt', ...raiseTimer, ...enable(0x80), ...go],
    ['timer interrupt, vectored', ...vectored, ...raiseTimer, ...enable(0x80), ...go],
    ['timer interrupt, not enabled', ...raiseTimer, ...pending],
    [
      'timer interrupt by mie after mstatus',
      ...raiseTimer,
      asm.csrrsi(0, csr.mstatus, 8),
      ...enable(0x80),
      asm.nop,
    ],
    ['software before timer', ...raiseTimer, ...raiseSoftware, ...enable(0x88), ...go],
    [
      'wfi with an interrupt pending, not enabled in mstatus',
      ...raiseSoftware,
      ...enable(8),
      asm.wfi,
      asm.addi(5, 0, 1),
    ],
    ['wfi, then the interrupt', ...raiseTimer, ...enable(0x80), asm.wfi, ...go],
    ['interrupt after mret', ...raiseSoftware, ...enable(8), ...returnTo(0, 0x1880), asm.nop],
    ['a byte of a word register', asm.lbu(5, CLINT_REGISTER, 0)],
    ['a misaligned word of registers', asm.lw(5, CLINT_REGISTER, 2)],
  ]
  return sequences.map(([name, ...words]) => ({ name, set: 'edges', code: parcels(...words) }))
}

/** Registers of the UART and the PLIC, each left as it was found. */
export function deviceCases(): Case[] {
  const uart = asm.li(1, 0x1000_0000)
  const plic = asm.li(2, 0x0c00_0000)
  const put = (offset: number, value: number): number[] => [
    asm.addi(3, 0, value),
    asm.sb(3, 1, offset),
  ]
  const get = (rd: number, offset: number): number => asm.lbu(rd, 1, offset)
  const claim = asm.li(4, 0x0c20_0004)
  const mip = (rd: number): number => asm.csrrs(rd, csr.mip, 0)
  const listen = [
    asm.addi(3, 0, 1),
    asm.sw(3, 2, 40),
    ...asm.li(5, 0x0c00_2000),
    ...asm.li(3, 1 << 10),
    asm.sw(3, 5, 0),
    // What other cases have left pending; QEMU 7.2 sees it only now.
    asm.lw(3, 4, 0),
    asm.sw(3, 4, 0),
  ]
  const deaf = [asm.sw(0, 5, 0), asm.sw(0, 2, 40)]
  const sequences: readonly (readonly [string, ...number[]])[] = [
    [
      'UART at rest',
      ...uart,
      get(10, 1),
      get(11, 2),
      get(12, 3),
      get(13, 4),
      get(14, 5),
      get(15, 6),
      get(16, 7),
    ],
    ['UART scratch register', ...uart, ...put(7, 0x5a), get(10, 7), ...put(7, 0), get(11, 7)],
    [
      'UART divisor',
      ...uart,
      ...put(3, 0x83),
      ...put(0, 12),
      ...put(1, 1),
      get(10, 0),
      get(11, 1),
      ...put(3, 3),
      get(12, 1),
      get(13, 3),
      ...put(3, 0),
    ],
    ['UART FIFOs enabled', ...uart, ...put(2, 1), get(10, 2), ...put(2, 0), get(11, 2)],
    [
      'UART transmitter empty',
      ...uart,
      ...put(1, 2),
      get(10, 2),
      get(11, 2),
      ...put(0, 10),
      get(12, 2),
      get(13, 2),
      ...put(1, 0),
      get(14, 2),
    ],
    ['UART interrupt enable register', ...uart, ...put(1, 0xd), get(10, 1), ...put(1, 0)],
    [
      'UART through the PLIC',
      ...uart,
      ...plic,
      ...claim,
      ...listen,
      mip(10),
      ...put(1, 2),
      mip(11),
      asm.lw(12, 4, 0),
      mip(13),
      asm.lw(14, 4, 0),
      get(15, 2),
      asm.sw(12, 4, 0),
      mip(16),
      ...put(1, 0),
      mip(17),
      ...deaf,
    ],
    [
      'PLIC threshold',
      ...uart,
      ...plic,
      ...claim,
      ...listen,
      asm.addi(3, 0, 1),
      asm.sw(3, 4, -4),
      asm.lw(10, 4, -4),
      ...put(1, 2),
      mip(11),
      asm.sw(0, 4, -4),
      mip(12),
      ...put(1, 0),
      mip(13),
      ...deaf,
    ],
    [
      'PLIC pending register',
      ...uart,
      ...asm.li(5, 0x0c00_1000),
      asm.lw(10, 5, 0),
      ...put(1, 2),
      asm.lw(11, 5, 0),
      ...put(1, 0),
      asm.lw(12, 5, 0),
    ],
    [
      'PLIC priorities have three bits',
      ...plic,
      asm.addi(3, 0, 6),
      asm.sw(3, 2, 4),
      asm.lw(10, 2, 4),
      asm.addi(3, 0, 15),
      asm.sw(3, 2, 4),
      asm.lw(11, 2, 4),
      asm.sw(0, 2, 4),
    ],
    ['PLIC claim of nothing', ...claim, asm.lw(10, 4, 0), asm.sw(0, 4, 0)],
    ['PLIC a byte of a register', ...plic, asm.lbu(10, 2, 4)],
    ['finisher read', ...asm.li(1, 0x0010_0000), asm.lw(10, 1, 0)],
    [
      'virtio magic and device of an empty slot',
      ...asm.li(1, 0x1000_1000),
      asm.lw(10, 1, 0),
      asm.lw(11, 1, 8),
    ],
  ]
  return sequences.map(([name, ...words]) => ({ name, set: 'edges', code: parcels(...words) }))
}

const majorOpcodes = [
  0x07, 0x0b, 0x0f, 0x13, 0x17, 0x1b, 0x1f, 0x27, 0x2b, 0x2f, 0x33, 0x37, 0x3b, 0x3f, 0x43, 0x47,
  0x4b, 0x4f, 0x53, 0x57, 0x5b, 0x5f, 0x63, 0x6b, 0x6f, 0x73, 0x77, 0x7b, 0x7f,
] as const

/** Random 32-bit encodings over all major opcodes whose effects stay inside the harness. */
export function randomEncodingCases(seed: number, count: number): Case[] {
  const random = new Random(seed)
  const cases: Case[] = []
  while (cases.length < count) {
    const opcode = random.pick(majorOpcodes)
    let word = (random.word() & ~0x7f) | opcode
    // Mostly funct7 values that mean something somewhere, else almost all would be illegal.
    if (random.below(4) !== 0) {
      word = (word & 0x01ff_ffff) | (random.pick([0, 1, 0x20, 0x10, 0x05, 0x08]) << 25)
    }
    // CSR instructions and SYSTEM encodings that are legal are tested one by one elsewhere.
    const system = opcode === 0x73
    if (system && (((word >>> 12) & 3) !== 0 || word >>> 25 === 0x09)) continue
    // An AMO goes to the scratch memory.
    if (opcode === 0x2f) word = (word & ~(31 << 15)) | (8 << 15)
    const name = `encoding 0x${(word >>> 0).toString(16).padStart(8, '0')}`
    cases.push({ name, set: 'edges', code: parcels(word) })
  }
  return cases
}
