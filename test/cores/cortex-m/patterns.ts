import type { Random } from '../random.js'

/**
 * An encoding as a string of bits, in which letters stand for fields: `d` and `h` for registers
 * that are written, `n`, `m` and `a` for those that are read, any other letter for anything.
 * Spaces do not count. 16 or 32 bits.
 */
export interface Pattern {
  readonly name: string
  readonly bits: string
  /** False for what the architecture leaves unpredictable: another one is tried then. */
  readonly valid?: (field: (letter: string) => number) => boolean
}

/** Registers that cases write; r8 and r9 are pointers, r14 counts. */
const destinations = [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12] as const

/** Values for the fields of a pattern, and the halves that they make. */
export function fill(pattern: Pattern, random: Random): number[] {
  const bits = pattern.bits.replaceAll(' ', '')
  for (;;) {
    const values = new Map<string, number>()
    const widths = new Map<string, number>()
    for (const letter of bits) {
      if (letter !== '0' && letter !== '1') widths.set(letter, (widths.get(letter) ?? 0) + 1)
    }
    for (const [letter, width] of widths) values.set(letter, pick(letter, width, random))
    const field = (letter: string): number => values.get(letter) ?? 0
    if (pattern.valid?.(field) === false) continue
    const left = new Map(widths)
    let encoding = 0n
    for (const letter of bits) {
      let bit = letter === '1' ? 1 : 0
      if (letter !== '0' && letter !== '1') {
        const place = (left.get(letter) ?? 0) - 1
        left.set(letter, place)
        bit = (field(letter) >>> place) & 1
      }
      encoding = (encoding << 1n) | BigInt(bit)
    }
    const number = Number(encoding)
    return bits.length === 16 ? [number] : [Math.floor(number / 0x1_0000), number & 0xffff]
  }
}

function pick(letter: string, width: number, random: Random): number {
  if (width === 4) {
    if (letter === 'd' || letter === 'h') return random.pick(destinations)
    if (letter === 'n' || letter === 'm' || letter === 'a') return random.below(13)
  }
  return random.below(2 ** width)
}

function list(valid: Pattern['valid'], entries: Readonly<Record<string, string>>): Pattern[] {
  return Object.entries(entries).map(([name, bits]) => ({
    name,
    bits,
    ...(valid === undefined ? {} : { valid }),
  }))
}

/** 16-bit instructions that work on registers and flags only. */
export const narrow: readonly Pattern[] = list(undefined, {
  'LSLS imm': '00000 iiiii mmm ddd',
  'LSRS imm': '00001 iiiii mmm ddd',
  'ASRS imm': '00010 iiiii mmm ddd',
  ADDS: '0001100 mmm nnn ddd',
  SUBS: '0001101 mmm nnn ddd',
  'ADDS imm3': '0001110 iii nnn ddd',
  'SUBS imm3': '0001111 iii nnn ddd',
  'MOVS imm': '00100 ddd iiiiiiii',
  'CMP imm': '00101 ddd iiiiiiii',
  'ADDS imm8': '00110 ddd iiiiiiii',
  'SUBS imm8': '00111 ddd iiiiiiii',
  ANDS: '0100000000 mmm ddd',
  EORS: '0100000001 mmm ddd',
  LSLS: '0100000010 mmm ddd',
  LSRS: '0100000011 mmm ddd',
  ASRS: '0100000100 mmm ddd',
  ADCS: '0100000101 mmm ddd',
  SBCS: '0100000110 mmm ddd',
  RORS: '0100000111 mmm ddd',
  TST: '0100001000 mmm ddd',
  RSBS: '0100001001 mmm ddd',
  CMP: '0100001010 mmm ddd',
  CMN: '0100001011 mmm ddd',
  ORRS: '0100001100 mmm ddd',
  MULS: '0100001101 mmm ddd',
  BICS: '0100001110 mmm ddd',
  MVNS: '0100001111 mmm ddd',
  'ADD high': '01000100 0 mmmm ddd',
  'CMP high': '01000101 1 mmmm 0ii',
  'MOV high': '01000110 0 mmmm ddd',
  ADR: '10100 ddd iiiiiiii',
  'ADD SP': '10101 ddd iiiiiiii',
  SXTH: '1011001000 mmm ddd',
  SXTB: '1011001001 mmm ddd',
  UXTH: '1011001010 mmm ddd',
  UXTB: '1011001011 mmm ddd',
  REV: '1011101000 mmm ddd',
  REV16: '1011101001 mmm ddd',
  REVSH: '1011101011 mmm ddd',
})

/** 32-bit instructions of ARMv7-M that work on registers and flags only. */
export const integer: readonly Pattern[] = [
  ...list(undefined, {
    'AND imm': '11110i00000 s nnnn 0iii dddd iiiiiiii',
    'BIC imm': '11110i00001 s nnnn 0iii dddd iiiiiiii',
    'ORR imm': '11110i00010 s nnnn 0iii dddd iiiiiiii',
    'ORN imm': '11110i00011 s nnnn 0iii dddd iiiiiiii',
    'EOR imm': '11110i00100 s nnnn 0iii dddd iiiiiiii',
    'ADD imm': '11110i01000 s nnnn 0iii dddd iiiiiiii',
    'ADC imm': '11110i01010 s nnnn 0iii dddd iiiiiiii',
    'SBC imm': '11110i01011 s nnnn 0iii dddd iiiiiiii',
    'SUB imm': '11110i01101 s nnnn 0iii dddd iiiiiiii',
    'RSB imm': '11110i01110 s nnnn 0iii dddd iiiiiiii',
    'MOV imm': '11110i00010 s 1111 0iii dddd iiiiiiii',
    'MVN imm': '11110i00011 s 1111 0iii dddd iiiiiiii',
    'TST imm': '11110i000001 nnnn 0iii 1111 iiiiiiii',
    'TEQ imm': '11110i001001 nnnn 0iii 1111 iiiiiiii',
    'CMN imm': '11110i010001 nnnn 0iii 1111 iiiiiiii',
    'CMP imm.W': '11110i011011 nnnn 0iii 1111 iiiiiiii',
    'AND reg': '11101010000 s nnnn 0iii dddd iitt mmmm',
    'BIC reg': '11101010001 s nnnn 0iii dddd iitt mmmm',
    'ORR reg': '11101010010 s nnnn 0iii dddd iitt mmmm',
    'ORN reg': '11101010011 s nnnn 0iii dddd iitt mmmm',
    'EOR reg': '11101010100 s nnnn 0iii dddd iitt mmmm',
    'ADD reg': '11101011000 s nnnn 0iii dddd iitt mmmm',
    'ADC reg': '11101011010 s nnnn 0iii dddd iitt mmmm',
    'SBC reg': '11101011011 s nnnn 0iii dddd iitt mmmm',
    'SUB reg': '11101011101 s nnnn 0iii dddd iitt mmmm',
    'RSB reg': '11101011110 s nnnn 0iii dddd iitt mmmm',
    'MOV reg, shifts': '11101010010 s 1111 0iii dddd iitt mmmm',
    'MVN reg': '11101010011 s 1111 0iii dddd iitt mmmm',
    'TST reg': '111010100001 nnnn 0iii 1111 iitt mmmm',
    'TEQ reg': '111010101001 nnnn 0iii 1111 iitt mmmm',
    'CMN reg': '111010110001 nnnn 0iii 1111 iitt mmmm',
    'CMP reg': '111010111011 nnnn 0iii 1111 iitt mmmm',
    'ADD reg, unshifted': '11101011000 s nnnn 0000 dddd 0000 mmmm',
    'SUB reg, unshifted': '11101011101 s nnnn 0000 dddd 0000 mmmm',
    ADDW: '11110i100000 nnnn 0iii dddd iiiiiiii',
    SUBW: '11110i101010 nnnn 0iii dddd iiiiiiii',
    'ADR before': '11110i101010 1111 0iii dddd iiiiiiii',
    'ADR after': '11110i100000 1111 0iii dddd iiiiiiii',
    MOVW: '11110i100100 iiii 0iii dddd iiiiiiii',
    MOVT: '11110i101100 iiii 0iii dddd iiiiiiii',
    'shift by register': '11111010 0tt s nnnn 1111 dddd 0000 mmmm',
    'SXTH.W': '111110100000 1111 1111 dddd 10ii mmmm',
    'UXTH.W': '111110100001 1111 1111 dddd 10ii mmmm',
    'SXTB.W': '111110100100 1111 1111 dddd 10ii mmmm',
    'UXTB.W': '111110100101 1111 1111 dddd 10ii mmmm',
    MUL: '111110110000 nnnn 1111 dddd 0000 mmmm',
    MLA: '111110110000 nnnn aaaa dddd 0000 mmmm',
    MLS: '111110110000 nnnn aaaa dddd 0001 mmmm',
    SDIV: '111110111001 nnnn 1111 dddd 1111 mmmm',
    UDIV: '111110111011 nnnn 1111 dddd 1111 mmmm',
    SSAT: '111100110000 nnnn 0iii dddd ii0 jjjjj',
    USAT: '111100111000 nnnn 0iii dddd ii0 jjjjj',
  }),
  ...list((field) => field('n') === field('m'), {
    'REV.W': '111110101001 nnnn 1111 dddd 1000 mmmm',
    'REV16.W': '111110101001 nnnn 1111 dddd 1001 mmmm',
    RBIT: '111110101001 nnnn 1111 dddd 1010 mmmm',
    'REVSH.W': '111110101001 nnnn 1111 dddd 1011 mmmm',
    CLZ: '111110101011 nnnn 1111 dddd 1000 mmmm',
  }),
  ...list((field) => field('i') !== 0, {
    'SSAT ASR': '111100110010 nnnn 0iii dddd ii0 jjjjj',
    'USAT ASR': '111100111010 nnnn 0iii dddd ii0 jjjjj',
  }),
  ...list((field) => field('i') + field('j') <= 31, {
    UBFX: '111100111100 nnnn 0iii dddd ii0 jjjjj',
    SBFX: '111100110100 nnnn 0iii dddd ii0 jjjjj',
  }),
  ...list((field) => field('i') <= field('j'), {
    BFI: '111100110110 nnnn 0iii dddd ii0 jjjjj',
    BFC: '111100110110 1111 0iii dddd ii0 jjjjj',
  }),
  ...list((field) => field('d') !== field('h'), {
    SMULL: '111110111000 nnnn dddd hhhh 0000 mmmm',
    UMULL: '111110111010 nnnn dddd hhhh 0000 mmmm',
    SMLAL: '111110111100 nnnn dddd hhhh 0000 mmmm',
    UMLAL: '111110111110 nnnn dddd hhhh 0000 mmmm',
  }),
]

/** The DSP extension. */
export const dsp: readonly Pattern[] = [
  ...list((field) => ![3, 7].includes(field('o')) && field('k') !== 3, {
    'parallel arithmetic': '111110101 ooo nnnn 1111 dddd 0ukk mmmm',
  }),
  ...list(undefined, {
    'QADD to QDSUB': '111110101000 nnnn 1111 dddd 10kk mmmm',
    SEL: '111110101010 nnnn 1111 dddd 1000 mmmm',
    PKH: '111010101100 nnnn 0iii dddd iit0 mmmm',
    SXTAH: '111110100000 nnnn 1111 dddd 10ii mmmm',
    UXTAH: '111110100001 nnnn 1111 dddd 10ii mmmm',
    SXTAB16: '111110100010 nnnn 1111 dddd 10ii mmmm',
    UXTAB16: '111110100011 nnnn 1111 dddd 10ii mmmm',
    SXTAB: '111110100100 nnnn 1111 dddd 10ii mmmm',
    UXTAB: '111110100101 nnnn 1111 dddd 10ii mmmm',
    SXTB16: '111110100010 1111 1111 dddd 10ii mmmm',
    UXTB16: '111110100011 1111 1111 dddd 10ii mmmm',
    SSAT16: '111100110010 nnnn 0000 dddd 0000 jjjj',
    USAT16: '111100111010 nnnn 0000 dddd 0000 jjjj',
    SMULxy: '111110110001 nnnn 1111 dddd 00xy mmmm',
    SMLAxy: '111110110001 nnnn aaaa dddd 00xy mmmm',
    SMUAD: '111110110010 nnnn 1111 dddd 000x mmmm',
    SMLAD: '111110110010 nnnn aaaa dddd 000x mmmm',
    SMULWy: '111110110011 nnnn 1111 dddd 000x mmmm',
    SMLAWy: '111110110011 nnnn aaaa dddd 000x mmmm',
    SMUSD: '111110110100 nnnn 1111 dddd 000x mmmm',
    SMLSD: '111110110100 nnnn aaaa dddd 000x mmmm',
    SMMUL: '111110110101 nnnn 1111 dddd 000x mmmm',
    SMMLA: '111110110101 nnnn aaaa dddd 000x mmmm',
    SMMLS: '111110110110 nnnn aaaa dddd 000x mmmm',
    USAD8: '111110110111 nnnn 1111 dddd 0000 mmmm',
    USADA8: '111110110111 nnnn aaaa dddd 0000 mmmm',
  }),
  ...list((field) => field('d') !== field('h'), {
    SMLALxy: '111110111100 nnnn dddd hhhh 10xy mmmm',
    SMLALD: '111110111100 nnnn dddd hhhh 110x mmmm',
    SMLSLD: '111110111101 nnnn dddd hhhh 110x mmmm',
    UMAAL: '111110111110 nnnn dddd hhhh 0110 mmmm',
  }),
]

/** Floating point of single precision, FPv4. */
export const single: readonly Pattern[] = list(undefined, {
  'VMLA, VMLS': '11101110 0p00 vvvv wwww 1010 qor0 xxxx',
  'VNMLA, VNMLS': '11101110 0p01 vvvv wwww 1010 qor0 xxxx',
  'VMUL, VNMUL': '11101110 0p10 vvvv wwww 1010 qor0 xxxx',
  'VADD, VSUB': '11101110 0p11 vvvv wwww 1010 qor0 xxxx',
  VDIV: '11101110 1p00 vvvv wwww 1010 q0r0 xxxx',
  'VFNMA, VFNMS': '11101110 1p01 vvvv wwww 1010 qor0 xxxx',
  'VFMA, VFMS': '11101110 1p10 vvvv wwww 1010 qor0 xxxx',
  'VMOV imm': '11101110 1p11 vvvv wwww 1010 0000 xxxx',
  'VMOV, VABS': '11101110 1p11 0000 wwww 1010 o1r0 xxxx',
  'VNEG, VSQRT': '11101110 1p11 0001 wwww 1010 o1r0 xxxx',
  'VCVTB, VCVTT from half': '11101110 1p11 0010 wwww 1010 o1r0 xxxx',
  'VCVTB, VCVTT to half': '11101110 1p11 0011 wwww 1010 o1r0 xxxx',
  'VCMP, VCMPE': '11101110 1p11 0100 wwww 1010 o1r0 xxxx',
  'VCMP, VCMPE zero': '11101110 1p11 0101 wwww 1010 o100 0000',
  'VCVT from integer': '11101110 1p11 1000 wwww 1010 o1r0 xxxx',
  'VCVT, VCVTR to unsigned': '11101110 1p11 1100 wwww 1010 o1r0 xxxx',
  'VCVT, VCVTR to signed': '11101110 1p11 1101 wwww 1010 o1r0 xxxx',
  'VCVT from fixed, 32': '11101110 1p11 101u wwww 1010 11r0 xxxx',
  'VCVT to fixed, 32': '11101110 1p11 111u wwww 1010 11r0 xxxx',
  'VCVT from fixed, 16': '11101110 1p11 101u wwww 1010 01r0 0xxx',
  'VCVT to fixed, 16': '11101110 1p11 111u wwww 1010 01r0 0xxx',
  'VMOV to core': '11101110 0001 vvvv dddd 1010 q001 0000',
  'VMOV from core': '11101110 0000 vvvv nnnn 1010 q001 0000',
  'VMOV of a half': '11101110 00o0 0vvv nnnn 1011 0001 0000',
  'VMRS flags': '11101110 1111 0001 1111 1010 0001 0000',
  VMRS: '11101110 1111 0001 dddd 1010 0001 0000',
})

/** Single precision that FPv5 adds. */
export const single5: readonly Pattern[] = list(undefined, {
  VSEL: '11111110 0pcc vvvv wwww 1010 q0r0 xxxx',
  'VMAXNM, VMINNM': '11111110 1p00 vvvv wwww 1010 qor0 xxxx',
  'VRINTA to VRINTM': '11111110 1p11 10cc wwww 1010 01r0 xxxx',
  'VCVTA to VCVTM': '11111110 1p11 11cc wwww 1010 o1r0 xxxx',
  'VRINTR, VRINTZ': '11101110 1p11 0110 wwww 1010 o1r0 xxxx',
  VRINTX: '11101110 1p11 0111 wwww 1010 01r0 xxxx',
})

/** Double precision, FPv5-D16. */
export const double: readonly Pattern[] = list(undefined, {
  'VMLA.F64, VMLS.F64': '11101110 0000 vvvv wwww 1011 0o00 xxxx',
  'VNMLA.F64, VNMLS.F64': '11101110 0001 vvvv wwww 1011 0o00 xxxx',
  'VMUL.F64, VNMUL.F64': '11101110 0010 vvvv wwww 1011 0o00 xxxx',
  'VADD.F64, VSUB.F64': '11101110 0011 vvvv wwww 1011 0o00 xxxx',
  'VDIV.F64': '11101110 1000 vvvv wwww 1011 0000 xxxx',
  'VFNMA.F64, VFNMS.F64': '11101110 1001 vvvv wwww 1011 0o00 xxxx',
  'VFMA.F64, VFMS.F64': '11101110 1010 vvvv wwww 1011 0o00 xxxx',
  'VMOV.F64 imm': '11101110 1011 vvvv wwww 1011 0000 xxxx',
  'VMOV.F64, VABS.F64': '11101110 1011 0000 wwww 1011 o100 xxxx',
  'VNEG.F64, VSQRT.F64': '11101110 1011 0001 wwww 1011 o100 xxxx',
  'VCVTB, VCVTT half to double': '11101110 1011 0010 wwww 1011 o1r0 xxxx',
  'VCVTB, VCVTT double to half': '11101110 1p11 0011 wwww 1011 o100 xxxx',
  'VCMP.F64, VCMPE.F64': '11101110 1011 0100 wwww 1011 o100 xxxx',
  'VCMP.F64, VCMPE.F64 zero': '11101110 1011 0101 wwww 1011 o100 0000',
  'VRINTR.F64, VRINTZ.F64': '11101110 1011 0110 wwww 1011 o100 xxxx',
  'VRINTX.F64': '11101110 1011 0111 wwww 1011 0100 xxxx',
  'VCVT single to double': '11101110 1011 0111 wwww 1010 11r0 xxxx',
  'VCVT double to single': '11101110 1p11 0111 wwww 1011 1100 xxxx',
  'VCVT.F64 from integer': '11101110 1011 1000 wwww 1011 o1r0 xxxx',
  'VCVT.F64 to unsigned': '11101110 1p11 1100 wwww 1011 o100 xxxx',
  'VCVT.F64 to signed': '11101110 1p11 1101 wwww 1011 o100 xxxx',
  'VCVT.F64 from fixed, 32': '11101110 1011 101u wwww 1011 11r0 xxxx',
  'VCVT.F64 to fixed, 32': '11101110 1011 111u wwww 1011 11r0 xxxx',
  'VCVT.F64 from fixed, 16': '11101110 1011 101u wwww 1011 01r0 0xxx',
  'VCVT.F64 to fixed, 16': '11101110 1011 111u wwww 1011 01r0 0xxx',
  'VSEL.F64': '11111110 00cc vvvv wwww 1011 0000 xxxx',
  'VMAXNM.F64, VMINNM.F64': '11111110 1000 vvvv wwww 1011 0o00 xxxx',
  'VRINTA.F64 to VRINTM.F64': '11111110 1011 10cc wwww 1011 0100 xxxx',
  'VCVTA.F64 to VCVTM.F64': '11111110 1p11 11cc wwww 1011 o100 xxxx',
})
