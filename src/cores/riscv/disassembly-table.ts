/**
 * One way to write an instruction: its mnemonic, the bits that make it out, which bits those are, and
 * its operands. In these a letter stands for a field, everything else for itself:
 *
 *     d rd | s rs1 | t rs2 | D S T R the same, and rs3, as floating-point registers | m rounding mode
 *     j I-type immediate | q S-type immediate | u upper immediate | b branch target | a jump target
 *     h shift amount | H one of six bits | c CSR | z immediate of CSR instructions | f what a fence orders
 */
export type Form = readonly [mnemonic: string, match: number, mask: number, operands: string]

const RD = 0x1f << 7
const RS1 = 0x1f << 15
const RS2 = 0x1f << 20
const IMM = 0xfff << 20
const CSR = 0xfff << 20
const OPCODE = 0x7f
const FUNCT3 = 0x7000 | OPCODE
const FUNCT7 = (0x7f << 25) | FUNCT3

const i = (funct3: number, opcode: number): number => (funct3 << 12) | opcode
const r = (funct7: number, funct3: number, opcode: number): number =>
  (funct7 << 25) | i(funct3, opcode)

/** Forms for the operations that differ in `funct3` alone; '' where there is none. */
function row(names: string, opcode: number, operands: string): Form[] {
  return names
    .split(' ')
    .map((name, n): Form => [name, i(n, opcode), FUNCT3, operands])
    .filter(([name]) => name !== '-')
}

function registers(names: string, funct7: number, opcode = 0x33): Form[] {
  return names
    .split(' ')
    .map((name, n): Form => [name, r(funct7, n, opcode), FUNCT7, 'd,s,t'])
    .filter(([name]) => name !== '-')
}

function atomics(width: string, funct3: number): Form[] {
  const names: readonly (readonly [string, number])[] = [
    ...([
      ['amoadd', 0],
      ['amoswap', 1],
      ['sc', 3],
      ['amoxor', 4],
      ['amoor', 8],
    ] as const),
    ...([
      ['amoand', 12],
      ['amomin', 16],
      ['amomax', 20],
      ['amominu', 24],
      ['amomaxu', 28],
    ] as const),
  ]
  return ['', '.rl', '.aq', '.aqrl'].flatMap((order, aqrl) => [
    [`lr.${width}${order}`, r(0x08 | aqrl, funct3, 0x2f), FUNCT7 | RS2, 'd,(s)'] as const,
    ...names.map(
      ([name, funct5]): Form => [
        `${name}.${width}${order}`,
        r((funct5 << 2) | aqrl, funct3, 0x2f),
        FUNCT7,
        'd,t,(s)',
      ],
    ),
  ])
}

/** Of the F extension, format 0 (`S`); `funct3` is the rounding mode unless it tells some apart. */
function float(name: string, funct5: number, operands: string, rs2 = -1, funct3 = -1): Form {
  const match = (funct5 << 27) | (rs2 < 0 ? 0 : rs2 << 20) | (funct3 < 0 ? 0 : funct3 << 12) | 0x53
  const mask = (0x7f << 25) | OPCODE | (rs2 < 0 ? 0 : RS2) | (funct3 < 0 ? 0 : FUNCT3)
  return [name, match, mask, operands]
}

const FUSED = (3 << 25) | OPCODE

const floatForms: readonly Form[] = [
  ['flw', i(2, 0x07), FUNCT3, 'D,j(s)'],
  ['fsw', i(2, 0x27), FUNCT3, 'T,q(s)'],
  ['fmadd.s', 0x43, FUSED, 'D,S,T,Rm'],
  ['fmsub.s', 0x47, FUSED, 'D,S,T,Rm'],
  ['fnmsub.s', 0x4b, FUSED, 'D,S,T,Rm'],
  ['fnmadd.s', 0x4f, FUSED, 'D,S,T,Rm'],
  float('fadd.s', 0, 'D,S,Tm'),
  float('fsub.s', 1, 'D,S,Tm'),
  float('fmul.s', 2, 'D,S,Tm'),
  float('fdiv.s', 3, 'D,S,Tm'),
  float('fsqrt.s', 11, 'D,Sm', 0),
  float('fsgnj.s', 4, 'D,S,T', -1, 0),
  float('fsgnjn.s', 4, 'D,S,T', -1, 1),
  float('fsgnjx.s', 4, 'D,S,T', -1, 2),
  float('fmin.s', 5, 'D,S,T', -1, 0),
  float('fmax.s', 5, 'D,S,T', -1, 1),
  float('fle.s', 20, 'd,S,T', -1, 0),
  float('flt.s', 20, 'd,S,T', -1, 1),
  float('feq.s', 20, 'd,S,T', -1, 2),
  float('fclass.s', 28, 'd,S', 0, 1),
  float('fcvt.w.s', 24, 'd,Sm', 0),
  float('fcvt.wu.s', 24, 'd,Sm', 1),
  float('fcvt.s.w', 26, 'D,sm', 0),
  float('fcvt.s.wu', 26, 'D,sm', 1),
  float('fmv.x.w', 28, 'd,S', 0, 0),
  float('fmv.w.x', 30, 'D,s', 0, 0),
]

/** The CSRs of the F extension, which come before the plain ones. */
const floatCsrForms: readonly Form[] = [
  ['frflags', i(2, 0x73) | (1 << 20), FUNCT3 | CSR | RS1, 'd'],
  ['frrm', i(2, 0x73) | (2 << 20), FUNCT3 | CSR | RS1, 'd'],
  ['frcsr', i(2, 0x73) | (3 << 20), FUNCT3 | CSR | RS1, 'd'],
  ['fsflags', i(1, 0x73) | (1 << 20), FUNCT3 | CSR | RD, 's'],
  ['fsflags', i(1, 0x73) | (1 << 20), FUNCT3 | CSR, 'd,s'],
  ['fsrm', i(1, 0x73) | (2 << 20), FUNCT3 | CSR | RD, 's'],
  ['fsrm', i(1, 0x73) | (2 << 20), FUNCT3 | CSR, 'd,s'],
  ['fscsr', i(1, 0x73) | (3 << 20), FUNCT3 | CSR | RD, 's'],
  ['fscsr', i(1, 0x73) | (3 << 20), FUNCT3 | CSR, 'd,s'],
  ['fsflagsi', i(5, 0x73) | (1 << 20), FUNCT3 | CSR | RD, 'z'],
  ['fsflagsi', i(5, 0x73) | (1 << 20), FUNCT3 | CSR, 'd,z'],
  ['fsrmi', i(5, 0x73) | (2 << 20), FUNCT3 | CSR | RD, 'z'],
  ['fsrmi', i(5, 0x73) | (2 << 20), FUNCT3 | CSR, 'd,z'],
]

/** Zba, Zbb and Zbs for RV32. */
const bitForms: readonly Form[] = [
  ['sh1add', r(0x10, 2, 0x33), FUNCT7, 'd,s,t'],
  ['sh2add', r(0x10, 4, 0x33), FUNCT7, 'd,s,t'],
  ['sh3add', r(0x10, 6, 0x33), FUNCT7, 'd,s,t'],
  ['xnor', r(0x20, 4, 0x33), FUNCT7, 'd,s,t'],
  ['orn', r(0x20, 6, 0x33), FUNCT7, 'd,s,t'],
  ['andn', r(0x20, 7, 0x33), FUNCT7, 'd,s,t'],
  ['clz', r(0x30, 1, 0x13), FUNCT7 | RS2, 'd,s'],
  ['ctz', r(0x30, 1, 0x13) | (1 << 20), FUNCT7 | RS2, 'd,s'],
  ['cpop', r(0x30, 1, 0x13) | (2 << 20), FUNCT7 | RS2, 'd,s'],
  ['sext.b', r(0x30, 1, 0x13) | (4 << 20), FUNCT7 | RS2, 'd,s'],
  ['sext.h', r(0x30, 1, 0x13) | (5 << 20), FUNCT7 | RS2, 'd,s'],
  ['zext.h', r(0x04, 4, 0x33), FUNCT7 | RS2, 'd,s'],
  ['min', r(0x05, 4, 0x33), FUNCT7, 'd,s,t'],
  ['minu', r(0x05, 5, 0x33), FUNCT7, 'd,s,t'],
  ['max', r(0x05, 6, 0x33), FUNCT7, 'd,s,t'],
  ['maxu', r(0x05, 7, 0x33), FUNCT7, 'd,s,t'],
  ['rol', r(0x30, 1, 0x33), FUNCT7, 'd,s,t'],
  ['ror', r(0x30, 5, 0x33), FUNCT7, 'd,s,t'],
  ['rori', r(0x30, 5, 0x13), FUNCT7, 'd,s,h'],
  ['orc.b', (0x287 << 20) | i(5, 0x13), IMM | FUNCT3, 'd,s'],
  ['rev8', (0x698 << 20) | i(5, 0x13), IMM | FUNCT3, 'd,s'],
  ['bclr', r(0x24, 1, 0x33), FUNCT7, 'd,s,t'],
  ['bclri', r(0x24, 1, 0x13), FUNCT7, 'd,s,h'],
  ['bext', r(0x24, 5, 0x33), FUNCT7, 'd,s,t'],
  ['bexti', r(0x24, 5, 0x13), FUNCT7, 'd,s,h'],
  ['binv', r(0x34, 1, 0x33), FUNCT7, 'd,s,t'],
  ['binvi', r(0x34, 1, 0x13), FUNCT7, 'd,s,h'],
  ['bset', r(0x14, 1, 0x33), FUNCT7, 'd,s,t'],
  ['bseti', r(0x14, 1, 0x13), FUNCT7, 'd,s,h'],
]

/** What RV32 and RV64 have both. Those that mean something to a person come before the plain ones. */
const forms: readonly Form[] = [
  ['nop', i(0, 0x13), 0xffff_ffff, ''],
  ['li', i(0, 0x13), FUNCT3 | RS1, 'd,j'],
  ['mv', i(0, 0x13), FUNCT3 | IMM, 'd,s'],
  ['not', i(4, 0x13) | (0xfff << 20), FUNCT3 | IMM, 'd,s'],
  ['zext.b', i(7, 0x13) | (0xff << 20), FUNCT3 | IMM, 'd,s'],
  ['seqz', i(3, 0x13) | (1 << 20), FUNCT3 | IMM, 'd,s'],
  ['slli', r(0, 1, 0x13), FUNCT7, 'd,s,h'],
  ['srli', r(0, 5, 0x13), FUNCT7, 'd,s,h'],
  ['srai', r(0x20, 5, 0x13), FUNCT7, 'd,s,h'],
  ...row('addi - slti sltiu xori - ori andi', 0x13, 'd,s,j'),
  ['snez', r(0, 3, 0x33), FUNCT7 | RS1, 'd,t'],
  ['sltz', r(0, 2, 0x33), FUNCT7 | RS2, 'd,s'],
  ['sgtz', r(0, 2, 0x33), FUNCT7 | RS1, 'd,t'],
  ['neg', r(0x20, 0, 0x33), FUNCT7 | RS1, 'd,t'],
  ...registers('add sll slt sltu xor srl or and', 0),
  ...registers('mul mulh mulhsu mulhu div divu rem remu', 1),
  ...registers('sub - - - - sra', 0x20),
  ['lui', 0x37, OPCODE, 'd,u'],
  ['auipc', 0x17, OPCODE, 'd,u'],
  ['j', 0x6f, OPCODE | RD, 'a'],
  ['jal', 0x6f | (1 << 7), OPCODE | RD, 'a'],
  ['jal', 0x6f, OPCODE, 'd,a'],
  ['ret', 0x67 | (1 << 15), FUNCT3 | RD | RS1 | IMM, ''],
  ['jr', 0x67, FUNCT3 | RD | IMM, 's'],
  ['jr', 0x67, FUNCT3 | RD, 'j(s)'],
  ['jalr', 0x67 | (1 << 7), FUNCT3 | RD | IMM, 's'],
  ['jalr', 0x67 | (1 << 7), FUNCT3 | RD, 'j(s)'],
  ['jalr', 0x67, FUNCT3 | IMM, 'd,s'],
  ['jalr', 0x67, FUNCT3, 'd,j(s)'],
  ['beqz', i(0, 0x63), FUNCT3 | RS2, 's,b'],
  ['bnez', i(1, 0x63), FUNCT3 | RS2, 's,b'],
  ['bltz', i(4, 0x63), FUNCT3 | RS2, 's,b'],
  ['bgtz', i(4, 0x63), FUNCT3 | RS1, 't,b'],
  ['blez', i(5, 0x63), FUNCT3 | RS1, 't,b'],
  ['bgez', i(5, 0x63), FUNCT3 | RS2, 's,b'],
  ...row('beq bne - - blt bge bltu bgeu', 0x63, 's,t,b'),
  ...row('lb lh lw - lbu lhu', 0x03, 'd,j(s)'),
  ...row('sb sh sw', 0x23, 't,q(s)'),
  ['fence', 0x0ff0_000f, 0xffff_ffff, ''],
  ['fence.tso', 0x8330_000f, 0xffff_ffff, ''],
  ['pause', 0x0100_000f, 0xffff_ffff, ''],
  ['fence', i(0, 0x0f), FUNCT3 | RD | RS1 | (0xf << 28), 'f'],
  ['fence.i', i(1, 0x0f), FUNCT3 | RD | RS1 | IMM, ''],
  ['ecall', 0x73, 0xffff_ffff, ''],
  ['ebreak', 0x0010_0073, 0xffff_ffff, ''],
  ['sret', 0x1020_0073, 0xffff_ffff, ''],
  ['mret', 0x3020_0073, 0xffff_ffff, ''],
  ['wfi', 0x1050_0073, 0xffff_ffff, ''],
  ['unimp', 0xc000_1073, 0xffff_ffff, ''],
  ['rdcycle', i(2, 0x73) | (0xc00 << 20), FUNCT3 | CSR | RS1, 'd'],
  ['rdtime', i(2, 0x73) | (0xc01 << 20), FUNCT3 | CSR | RS1, 'd'],
  ['rdinstret', i(2, 0x73) | (0xc02 << 20), FUNCT3 | CSR | RS1, 'd'],
  ['rdcycleh', i(2, 0x73) | (0xc80 << 20), FUNCT3 | CSR | RS1, 'd'],
  ['rdtimeh', i(2, 0x73) | (0xc81 << 20), FUNCT3 | CSR | RS1, 'd'],
  ['rdinstreth', i(2, 0x73) | (0xc82 << 20), FUNCT3 | CSR | RS1, 'd'],
  ['csrr', i(2, 0x73), FUNCT3 | RS1, 'd,c'],
  ['csrw', i(1, 0x73), FUNCT3 | RD, 'c,s'],
  ['csrs', i(2, 0x73), FUNCT3 | RD, 'c,s'],
  ['csrc', i(3, 0x73), FUNCT3 | RD, 'c,s'],
  ['csrwi', i(5, 0x73), FUNCT3 | RD, 'c,z'],
  ['csrsi', i(6, 0x73), FUNCT3 | RD, 'c,z'],
  ['csrci', i(7, 0x73), FUNCT3 | RD, 'c,z'],
  ...row('- csrrw csrrs csrrc', 0x73, 'd,c,s'),
  ...row('- - - - - csrrwi csrrsi csrrci', 0x73, 'd,c,z'),
  ...atomics('w', 2),
]

/** A shift by a constant, which has a bit more on RV64. */
const FUNCT6 = (0x3f << 26) | FUNCT3

/** What RV64IMA has beyond the above, and shifts in the place of those there. */
const wideForms: readonly Form[] = [
  ['slli', r(0, 1, 0x13), FUNCT6, 'd,s,H'],
  ['srli', r(0, 5, 0x13), FUNCT6, 'd,s,H'],
  ['srai', r(0x20, 5, 0x13), FUNCT6, 'd,s,H'],
  ...row('- - - ld - - lwu', 0x03, 'd,j(s)'),
  ...row('- - - sd', 0x23, 't,q(s)'),
  ['sext.w', i(0, 0x1b), FUNCT3 | IMM, 'd,s'],
  ['addiw', i(0, 0x1b), FUNCT3, 'd,s,j'],
  ['slliw', r(0, 1, 0x1b), FUNCT7, 'd,s,h'],
  ['srliw', r(0, 5, 0x1b), FUNCT7, 'd,s,h'],
  ['sraiw', r(0x20, 5, 0x1b), FUNCT7, 'd,s,h'],
  ['negw', r(0x20, 0, 0x3b), FUNCT7 | RS1, 'd,t'],
  ...registers('addw sllw - - - srlw', 0, 0x3b),
  ...registers('subw - - - - sraw', 0x20, 0x3b),
  ...registers('mulw - - - divw divuw remw remuw', 1, 0x3b),
  ...atomics('d', 3),
]

type FormsByOpcode = ReadonlyMap<number, readonly Form[]>

function byOpcode(all: readonly Form[]): FormsByOpcode {
  const found = new Map<number, Form[]>()
  for (const form of all) {
    const opcode = form[1] & OPCODE
    found.set(opcode, [...(found.get(opcode) ?? []), form])
  }
  return found
}

const forms32 = byOpcode([...floatCsrForms, ...forms, ...bitForms, ...floatForms])
const forms64 = byOpcode([...wideForms, ...forms])

/** The form of the 32-bit instruction `bits`; undefined where it is none. */
export function formOf(bits: number, wide: boolean): Form | undefined {
  const some = (wide ? forms64 : forms32).get(bits & OPCODE)
  return some?.find(([, match, mask]) => ((bits ^ match) & mask) === 0)
}
