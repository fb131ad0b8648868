import type { Pattern } from '../cortex-m/patterns.js'

/** Letters as in the patterns for Cortex-M; `c` is the condition, `f` sets flags. */
function list(entries: Readonly<Record<string, string>>, valid?: Pattern['valid']): Pattern[] {
  return Object.entries(entries).map(([name, bits]) => ({
    name,
    bits,
    valid: (field) => field('c') !== 15 && valid?.(field) !== false,
  }))
}

/** TST to CMN have flags only, and no result; MOV and MVN have one operand. */
const isData: Pattern['valid'] = (field) => {
  const opcode = field('o')
  if (opcode === 13 || opcode === 15) return field('n') === 0
  return opcode < 8 || opcode > 11
}

/** A32 instructions that work on registers and flags only. */
export const a32: readonly Pattern[] = [
  ...list(
    {
      'data, immediate': 'cccc 001 oooo f nnnn dddd iiiiiiiiiiii',
      'data, register': 'cccc 000 oooo f nnnn dddd iiiii tt0 mmmm',
      'data, unshifted': 'cccc 000 oooo f nnnn dddd 00000 000 mmmm',
      'data, shifted by a register': 'cccc 000 oooo f nnnn dddd aaaa 0tt1 mmmm',
    },
    isData,
  ),
  ...list({
    'compare, immediate': 'cccc 001 10oo 1 nnnn 0000 iiiiiiiiiiii',
    'compare, register': 'cccc 000 10oo 1 nnnn 0000 iiiii tt0 mmmm',
    'compare, unshifted': 'cccc 000 10oo 1 nnnn 0000 00000 000 mmmm',
    'compare, shifted by a register': 'cccc 000 10oo 1 nnnn 0000 aaaa 0tt1 mmmm',
    'MOV, shifted by a register': 'cccc 000 1101 f 0000 dddd aaaa 0tt1 mmmm',
    'ADR after': 'cccc 001 0100 0 1111 dddd iiiiiiiiiiii',
    'ADR before': 'cccc 001 0010 0 1111 dddd iiiiiiiiiiii',
    'data of the pc, immediate': 'cccc 001 0100 f 1111 dddd iiiiiiiiiiii',
    'ADD of the pc': 'cccc 000 0100 f 1111 dddd iiiii tt0 mmmm',
    'MOV of the pc': 'cccc 000 1101 0 0000 dddd 00000 000 1111',
    'SUB from the pc, shifted': 'cccc 000 0010 0 nnnn dddd iiiii tt0 1111',
    MOVW: 'cccc 00110000 iiii dddd iiiiiiiiiiii',
    MOVT: 'cccc 00110100 iiii dddd iiiiiiiiiiii',
    MUL: 'cccc 0000000 f dddd 0000 mmmm 1001 nnnn',
    MLA: 'cccc 0000001 f dddd aaaa mmmm 1001 nnnn',
    MLS: 'cccc 00000110 dddd aaaa mmmm 1001 nnnn',
    QADD: 'cccc 00010 kk0 nnnn dddd 0000 0101 mmmm',
    CLZ: 'cccc 00010110 1111 dddd 1111 0001 mmmm',
    SMLAxy: 'cccc 00010000 dddd aaaa mmmm 1yx0 nnnn',
    SMLAWy: 'cccc 00010010 dddd aaaa mmmm 1y00 nnnn',
    SMULWy: 'cccc 00010010 dddd 0000 mmmm 1y10 nnnn',
    SMULxy: 'cccc 00010110 dddd 0000 mmmm 1yx0 nnnn',
    PKH: 'cccc 01101000 nnnn dddd iiiii t01 mmmm',
    SSAT: 'cccc 0110101 iiiii dddd jjjjj t01 nnnn',
    USAT: 'cccc 0110111 iiiii dddd jjjjj t01 nnnn',
    SSAT16: 'cccc 01101010 iiii dddd 1111 0011 nnnn',
    USAT16: 'cccc 01101110 iiii dddd 1111 0011 nnnn',
    SXTAB: 'cccc 01101010 nnnn dddd ii00 0111 mmmm',
    SXTAH: 'cccc 01101011 nnnn dddd ii00 0111 mmmm',
    SXTAB16: 'cccc 01101000 nnnn dddd ii00 0111 mmmm',
    UXTAB: 'cccc 01101110 nnnn dddd ii00 0111 mmmm',
    UXTAH: 'cccc 01101111 nnnn dddd ii00 0111 mmmm',
    UXTAB16: 'cccc 01101100 nnnn dddd ii00 0111 mmmm',
    SXTB: 'cccc 01101010 1111 dddd ii00 0111 mmmm',
    SXTH: 'cccc 01101011 1111 dddd ii00 0111 mmmm',
    SXTB16: 'cccc 01101000 1111 dddd ii00 0111 mmmm',
    UXTB: 'cccc 01101110 1111 dddd ii00 0111 mmmm',
    UXTH: 'cccc 01101111 1111 dddd ii00 0111 mmmm',
    UXTB16: 'cccc 01101100 1111 dddd ii00 0111 mmmm',
    SEL: 'cccc 01101000 nnnn dddd 1111 1011 mmmm',
    REV: 'cccc 01101011 1111 dddd 1111 0011 mmmm',
    REV16: 'cccc 01101011 1111 dddd 1111 1011 mmmm',
    RBIT: 'cccc 01101111 1111 dddd 1111 0011 mmmm',
    REVSH: 'cccc 01101111 1111 dddd 1111 1011 mmmm',
    SMLAD: 'cccc 01110000 dddd aaaa mmmm 00x1 nnnn',
    SMUAD: 'cccc 01110000 dddd 1111 mmmm 00x1 nnnn',
    SMLSD: 'cccc 01110000 dddd aaaa mmmm 01x1 nnnn',
    SMUSD: 'cccc 01110000 dddd 1111 mmmm 01x1 nnnn',
    SMMLA: 'cccc 01110101 dddd aaaa mmmm 00x1 nnnn',
    SMMUL: 'cccc 01110101 dddd 1111 mmmm 00x1 nnnn',
    SMMLS: 'cccc 01110101 dddd aaaa mmmm 11x1 nnnn',
    USAD8: 'cccc 01111000 dddd 1111 mmmm 0001 nnnn',
    USADA8: 'cccc 01111000 dddd aaaa mmmm 0001 nnnn',
    SDIV: 'cccc 01110001 dddd 1111 mmmm 0001 nnnn',
    UDIV: 'cccc 01110011 dddd 1111 mmmm 0001 nnnn',
    MRS: 'cccc 00010000 1111 dddd 0000 0000 0000',
    'MSR of the flags': 'cccc 00010010 kk00 1111 0000 0000 nnnn',
  }),
  ...list(
    { 'parallel arithmetic': 'cccc 01100 ppp nnnn dddd 1111 ooo1 mmmm' },
    (field) => field('p') % 4 !== 0 && field('o') !== 5 && field('o') !== 6,
  ),
  ...list(
    {
      UMULL: 'cccc 0000100 f dddd hhhh mmmm 1001 nnnn',
      UMLAL: 'cccc 0000101 f dddd hhhh mmmm 1001 nnnn',
      SMULL: 'cccc 0000110 f dddd hhhh mmmm 1001 nnnn',
      SMLAL: 'cccc 0000111 f dddd hhhh mmmm 1001 nnnn',
      UMAAL: 'cccc 00000100 dddd hhhh mmmm 1001 nnnn',
      SMLALxy: 'cccc 00010100 dddd hhhh mmmm 1yx0 nnnn',
      SMLALD: 'cccc 01110100 dddd hhhh mmmm 00x1 nnnn',
      SMLSLD: 'cccc 01110100 dddd hhhh mmmm 01x1 nnnn',
    },
    (field) => field('d') !== field('h'),
  ),
  ...list(
    {
      SBFX: 'cccc 0111101 jjjjj dddd iiiii 101 nnnn',
      UBFX: 'cccc 0111111 jjjjj dddd iiiii 101 nnnn',
    },
    (field) => field('i') + field('j') <= 31,
  ),
  ...list(
    {
      BFI: 'cccc 0111110 jjjjj dddd iiiii 001 nnnn',
      BFC: 'cccc 0111110 jjjjj dddd iiiii 001 1111',
    },
    (field) => field('i') <= field('j'),
  ),
]

/** What VFPv3-D16 does not have of the extensions of the M profile. */
const missing = /VFMA|VFNMA|VCVTB|VSEL|VMAXNM|VRINT|VCVTA/

/** The floating point that VFPv3-D16 has, of patterns for T32. */
export function vfpv3(patterns: readonly Pattern[]): Pattern[] {
  return patterns.filter(({ name }) => !missing.test(name))
}

/** The same patterns for A32, with a condition in place of the first four bits. */
export function inA32(patterns: readonly Pattern[]): Pattern[] {
  return patterns.map(({ name, bits, valid }) => {
    const plain = bits.replaceAll(' ', '')
    return {
      name: `${name} in A32`,
      bits: `cccc${plain.slice(4)}`,
      valid: (field) => field('c') !== 15 && valid?.(field) !== false,
    }
  })
}
