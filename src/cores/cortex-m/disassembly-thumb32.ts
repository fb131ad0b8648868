import type { Form } from './disassembly-form.js'
import { conditions } from './disassembly-operands.js'

/** Bits of a number, `width` of them. */
const binary = (value: number, width: number): string => value.toString(2).padStart(width, '0')

/** Data processing: opcode, mnemonic, and whether objdump tells the wide form by `.w`. */
const operations: readonly (readonly [opcode: number, name: string, wide: string])[] = [
  [0, 'and', '.w'],
  [1, 'bic', '.w'],
  [2, 'orr', '.w'],
  [3, 'orn', ''],
  [4, 'eor', '.w'],
  [8, 'add', '.w'],
  [10, 'adc', '.w'],
  [11, 'sbc', '.w'],
  [13, 'sub', '.w'],
  [14, 'rsb', ''],
]

/** Those with nothing but flags as a result; and the same with S and the pc as destination. */
const tests: readonly (readonly [opcode: number, name: string])[] = [
  [0, 'tst?.w'],
  [4, 'teq?'],
  [8, 'cmn?.w'],
  [13, 'cmp?.w'],
]

const moves: readonly (readonly [opcode: number, name: string])[] = [
  [2, 'mov'],
  [3, 'mvn'],
]

const modifiedImmediate: readonly Form[] = [
  ...tests.map(([opcode, name]): Form => {
    return [`11110 i 0 ${binary(opcode, 4)} 1 nnnn 0 iii 1111 iiiiiiii`, `${name} {n}, {modified}`]
  }),
  ...moves.map(([opcode, name]): Form => {
    const bits = `11110 i 0 ${binary(opcode, 4)} s 1111 0 iii dddd iiiiiiii`
    return [bits, `${name}[s:|s]?.w {d}, {modified}`]
  }),
  ...operations.map(([opcode, name, wide]): Form => {
    const bits = `11110 i 0 ${binary(opcode, 4)} s nnnn 0 iii dddd iiiiiiii`
    return [bits, `${name}[s:|s]?${wide} {d}, {n}, {modified}`]
  }),
]

const shiftedRegister: readonly Form[] = [
  ...tests.map(([opcode, name]): Form => {
    return [`1110101 ${binary(opcode, 4)} 1 nnnn -iii 1111 iitt mmmm`, `${name} {n}, {m}{shift}`]
  }),
  ['1110101 0010 s 1111 -000 dddd 0000 mmmm', 'mov[s:|s]?.w {d}, {m}'],
  ['1110101 0010 s 1111 -iii dddd iitt mmmm', 'mov[s:|s]?.w {d}, {m}{shift}'],
  ['1110101 0011 s 1111 -iii dddd iitt mmmm', 'mvn[s:|s]?.w {d}, {m}{shift}'],
  ['1110101 01100 nnnn 0iii dddd ii0- mmmm', 'pkhbt? {d}, {n}, {m}{shift}'],
  ['1110101 01100 nnnn 0iii dddd ii1- mmmm', 'pkhtb? {d}, {n}, {m}, asr {shift32}'],
  ...operations.map(([opcode, name, wide]): Form => {
    const bits = `1110101 ${binary(opcode, 4)} s nnnn -iii dddd iitt mmmm`
    return [bits, `${name}[s:|s]?${wide} {d}, {n}, {m}{shift}`]
  }),
]

const plainImmediate: readonly Form[] = [
  ['11110 i 100000 nnnn 0 iii dddd iiiiiiii', 'addw? {d}, {n}, {#i}'],
  ['11110 i 101010 nnnn 0 iii dddd iiiiiiii', 'subw? {d}, {n}, {#i}'],
  ['11110 j 100100 iiii 0 jjj dddd jjjjjjjj', 'movw? {d}, {half}'],
  ['11110 j 101100 iiii 0 jjj dddd jjjjjjjj', 'movt? {d}, {half}'],
  ['11110 0 110010 nnnn 0 000 dddd 00 0 0ssss', 'ssat16? {d}, {#s+1}, {n}'],
  ['11110 0 111010 nnnn 0 000 dddd 00 0 0ssss', 'usat16? {d}, {#s}, {n}'],
  ['11110 0 1100 t 0 nnnn 0 iii dddd ii 0 sssss', 'ssat? {d}, {#s+1}, {n}{saturated}'],
  ['11110 0 1110 t 0 nnnn 0 iii dddd ii 0 sssss', 'usat? {d}, {#s}, {n}{saturated}'],
  ['11110 0 110100 nnnn 0 iii dddd ii 0 wwwww', 'sbfx? {d}, {n}, {#i}, {#w+1}'],
  ['11110 0 111100 nnnn 0 iii dddd ii 0 wwwww', 'ubfx? {d}, {n}, {#i}, {#w+1}'],
  ['11110 0 110110 1111 0 iii dddd ii 0 wwwww', 'bfc? {d}, {#i}, {width}'],
  ['11110 0 110110 nnnn 0 iii dddd ii 0 wwwww', 'bfi? {d}, {n}, {#i}, {width}'],
]

/** Sums and differences of halves and bytes, by the two parts of their encoding. */
const parallel: readonly Form[] = [
  [0, 'add8'] as const,
  [1, 'add16'] as const,
  [2, 'asx'] as const,
  [4, 'sub8'] as const,
  [5, 'sub16'] as const,
  [6, 'sax'] as const,
].flatMap(([op1, name]) =>
  ['s', 'q', 'sh', '', 'u', 'uq', 'uh'].flatMap((prefix, op2): Form[] => {
    if (prefix === '') return []
    const bits = `111110101 ${binary(op1, 3)} nnnn 1111 dddd 0${binary(op2, 3)} mmmm`
    return [[bits, `${prefix}${name}? {d}, {n}, {m}`]]
  }),
)

const registers: readonly Form[] = [
  ['11111010 0oo s nnnn 1111 dddd 0000 mmmm', '[o:lsl|lsr|asr|ror][s:|s]?.w {d}, {n}, {m}'],
  ['11111010 0000 1111 1111 dddd 10rr mmmm', 'sxth?.w {d}, {m}{rotation}'],
  ['11111010 0001 1111 1111 dddd 10rr mmmm', 'uxth?.w {d}, {m}{rotation}'],
  ['11111010 0010 1111 1111 dddd 10rr mmmm', 'sxtb16? {d}, {m}{rotation}'],
  ['11111010 0011 1111 1111 dddd 10rr mmmm', 'uxtb16? {d}, {m}{rotation}'],
  ['11111010 0100 1111 1111 dddd 10rr mmmm', 'sxtb?.w {d}, {m}{rotation}'],
  ['11111010 0101 1111 1111 dddd 10rr mmmm', 'uxtb?.w {d}, {m}{rotation}'],
  ['11111010 0000 nnnn 1111 dddd 10rr mmmm', 'sxtah? {d}, {n}, {m}{rotation}'],
  ['11111010 0001 nnnn 1111 dddd 10rr mmmm', 'uxtah? {d}, {n}, {m}{rotation}'],
  ['11111010 0010 nnnn 1111 dddd 10rr mmmm', 'sxtab16? {d}, {n}, {m}{rotation}'],
  ['11111010 0011 nnnn 1111 dddd 10rr mmmm', 'uxtab16? {d}, {n}, {m}{rotation}'],
  ['11111010 0100 nnnn 1111 dddd 10rr mmmm', 'sxtab? {d}, {n}, {m}{rotation}'],
  ['11111010 0101 nnnn 1111 dddd 10rr mmmm', 'uxtab? {d}, {n}, {m}{rotation}'],
  ...parallel,
  ['11111010 1000 nnnn 1111 dddd 10oo mmmm', '[o:qadd|qdadd|qsub|qdsub]? {d}, {m}, {n}'],
  ['11111010 1001 nnnn 1111 dddd 1000 mmmm', 'rev?.w {d}, {m}'],
  ['11111010 1001 nnnn 1111 dddd 1001 mmmm', 'rev16?.w {d}, {m}'],
  ['11111010 1001 nnnn 1111 dddd 1010 mmmm', 'rbit? {d}, {m}'],
  ['11111010 1001 nnnn 1111 dddd 1011 mmmm', 'revsh?.w {d}, {m}'],
  ['11111010 1010 nnnn 1111 dddd 1000 mmmm', 'sel? {d}, {n}, {m}'],
  ['11111010 1011 nnnn 1111 dddd 1000 mmmm', 'clz? {d}, {m}'],
]

const multiplications: readonly Form[] = [
  ['11111011 0000 nnnn 1111 dddd 0000 mmmm', 'mul?.w {d}, {n}, {m}'],
  ['11111011 0000 nnnn aaaa dddd 0000 mmmm', 'mla? {d}, {n}, {m}, {a}'],
  ['11111011 0000 nnnn aaaa dddd 0001 mmmm', 'mls? {d}, {n}, {m}, {a}'],
  ['11111011 0001 nnnn 1111 dddd 00xy mmmm', 'smul[x:b|t][y:b|t]? {d}, {n}, {m}'],
  ['11111011 0001 nnnn aaaa dddd 00xy mmmm', 'smla[x:b|t][y:b|t]? {d}, {n}, {m}, {a}'],
  ['11111011 0010 nnnn 1111 dddd 000x mmmm', 'smuad[x:|x]? {d}, {n}, {m}'],
  ['11111011 0010 nnnn aaaa dddd 000x mmmm', 'smlad[x:|x]? {d}, {n}, {m}, {a}'],
  ['11111011 0011 nnnn 1111 dddd 000y mmmm', 'smulw[y:b|t]? {d}, {n}, {m}'],
  ['11111011 0011 nnnn aaaa dddd 000y mmmm', 'smlaw[y:b|t]? {d}, {n}, {m}, {a}'],
  ['11111011 0100 nnnn 1111 dddd 000x mmmm', 'smusd[x:|x]? {d}, {n}, {m}'],
  ['11111011 0100 nnnn aaaa dddd 000x mmmm', 'smlsd[x:|x]? {d}, {n}, {m}, {a}'],
  ['11111011 0101 nnnn 1111 dddd 000r mmmm', 'smmul[r:|r]? {d}, {n}, {m}'],
  ['11111011 0101 nnnn aaaa dddd 000r mmmm', 'smmla[r:|r]? {d}, {n}, {m}, {a}'],
  ['11111011 0110 nnnn aaaa dddd 000r mmmm', 'smmls[r:|r]? {d}, {n}, {m}, {a}'],
  ['11111011 0111 nnnn 1111 dddd 0000 mmmm', 'usad8? {d}, {n}, {m}'],
  ['11111011 0111 nnnn aaaa dddd 0000 mmmm', 'usada8? {d}, {n}, {m}, {a}'],
  ['11111011 1000 nnnn llll hhhh 0000 mmmm', 'smull? {l}, {h}, {n}, {m}'],
  ['11111011 1001 nnnn 1111 dddd 1111 mmmm', 'sdiv? {d}, {n}, {m}'],
  ['11111011 1010 nnnn llll hhhh 0000 mmmm', 'umull? {l}, {h}, {n}, {m}'],
  ['11111011 1011 nnnn 1111 dddd 1111 mmmm', 'udiv? {d}, {n}, {m}'],
  ['11111011 1100 nnnn llll hhhh 0000 mmmm', 'smlal? {l}, {h}, {n}, {m}'],
  ['11111011 1100 nnnn llll hhhh 10xy mmmm', 'smlal[x:b|t][y:b|t]? {l}, {h}, {n}, {m}'],
  ['11111011 1100 nnnn llll hhhh 110x mmmm', 'smlald[x:|x]? {l}, {h}, {n}, {m}'],
  ['11111011 1101 nnnn llll hhhh 110x mmmm', 'smlsld[x:|x]? {l}, {h}, {n}, {m}'],
  ['11111011 1110 nnnn llll hhhh 0000 mmmm', 'umlal? {l}, {h}, {n}, {m}'],
  ['11111011 1110 nnnn llll hhhh 0110 mmmm', 'umaal? {l}, {h}, {n}, {m}'],
]

const hints: readonly Form[] = ['nop', 'yield', 'wfe', 'wfi', 'sev', 'sevl'].map(
  (name, n): Form => [`111100111010 ---- 10-0 -000 ${binary(n, 8)}`, `${name}?.w`],
)

const system: readonly Form[] = [
  ...hints,
  ['111100111010 ---- 10-0 -000 0001 0100', 'csdb?'],
  ['111100111010 ---- 10-0 -000 1111 iiii', 'dbg? {#i}'],
  ['111100111010 ---- 10-0 -000 iiii iiii', 'nop?.w {braced}'],
  ['111100111011 ---- 10-0 ---- 0010 ----', 'clrex?'],
  ['111100111011 ---- 10-0 ---- 0100 0000', 'ssbb'],
  ['111100111011 ---- 10-0 ---- 0100 0100', 'pssbb'],
  ['111100111011 ---- 10-0 ---- 0100 oooo', 'dsb? {barrier}'],
  ['111100111011 ---- 10-0 ---- 0101 oooo', 'dmb? {barrier}'],
  ['111100111011 ---- 10-0 ---- 0110 1111', 'isb? sy'],
  ['111100111011 ---- 10-0 ---- 0110 iiii', 'isb? {#i}'],
  ['11110011100 - nnnn 10-0 mm-- ssssssss', 'msr? {written}, {n}'],
  ['11110011111 - ---- 10-0 dddd ssssssss', 'mrs? {d}, {special}'],
  ['111101111111 iiii 1010 iiiiiiiiiiii', 'udf?.w {#i}'],
  ['11110 S iiiiiiiiii 10J1K iiiiiiiiiii', 'b?.w {longBranch}'],
  ['11110 S iiiiiiiiii 11J1K iiiiiiiiiii', 'bl? {longBranch}'],
  ...conditions.slice(0, 14).map((name, n): Form => {
    const bits = `11110 S ${binary(n, 4)} iiiiii 10J0K iiiiiiiiiii`
    return [bits, `b${name}.w {conditionalBranch}`]
  }),
]

/** The 32-bit instructions that compute and branch (ARMv7-M manual, A5.3). */
export const thumb32: readonly Form[] = [
  ...modifiedImmediate,
  ...shiftedRegister,
  ...plainImmediate,
  ...registers,
  ...multiplications,
  ...system,
]
