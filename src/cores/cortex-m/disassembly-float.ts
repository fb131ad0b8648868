import type { Form } from './disassembly-form.js'

/**
 * Forms of both precisions: in the bits `z` is the bit that tells them apart, in the text F is `f32`
 * or `f64`, and Vd, Vn, Vm are the registers of that precision.
 */
function both(bits: string, text: string): Form[] {
  return (['s', 'd'] as const).map((kind, z): Form => {
    const named = text
      .replaceAll('F', z === 0 ? 'f32' : 'f64')
      .replaceAll(/V([dnm])/g, (_, register: string) => `{${kind}${register}}`)
    return [bits.replace('z', String(z)), named]
  })
}

const three = 'Vd, Vn, Vm'

const arithmetic: readonly Form[] = [
  ...both('1110 1110 0D00 nnnn dddd 101z N0M0 mmmm', `vmla?.F ${three}`),
  ...both('1110 1110 0D00 nnnn dddd 101z N1M0 mmmm', `vmls?.F ${three}`),
  ...both('1110 1110 0D01 nnnn dddd 101z N0M0 mmmm', `vnmls?.F ${three}`),
  ...both('1110 1110 0D01 nnnn dddd 101z N1M0 mmmm', `vnmla?.F ${three}`),
  ...both('1110 1110 0D10 nnnn dddd 101z N0M0 mmmm', `vmul?.F ${three}`),
  ...both('1110 1110 0D10 nnnn dddd 101z N1M0 mmmm', `vnmul?.F ${three}`),
  ...both('1110 1110 0D11 nnnn dddd 101z N0M0 mmmm', `vadd?.F ${three}`),
  ...both('1110 1110 0D11 nnnn dddd 101z N1M0 mmmm', `vsub?.F ${three}`),
  ...both('1110 1110 1D00 nnnn dddd 101z N0M0 mmmm', `vdiv?.F ${three}`),
  ...both('1110 1110 1D01 nnnn dddd 101z N0M0 mmmm', `vfnms?.F ${three}`),
  ...both('1110 1110 1D01 nnnn dddd 101z N1M0 mmmm', `vfnma?.F ${three}`),
  ...both('1110 1110 1D10 nnnn dddd 101z N0M0 mmmm', `vfma?.F ${three}`),
  ...both('1110 1110 1D10 nnnn dddd 101z N1M0 mmmm', `vfms?.F ${three}`),
  ...both('1111 1110 0Dcc nnnn dddd 101z N0M0 mmmm', `vsel[c:eq|vs|ge|gt].F ${three}`),
  ...both('1111 1110 1D00 nnnn dddd 101z N0M0 mmmm', `vmaxnm.F ${three}`),
  ...both('1111 1110 1D00 nnnn dddd 101z N1M0 mmmm', `vminnm.F ${three}`),
]

const unary: readonly Form[] = [
  ...both('1110 1110 1D11 iiii dddd 101z 0000 iiii', 'vmov?.F Vd, {#i}'),
  ...both('1110 1110 1D11 0000 dddd 101z 01M0 mmmm', 'vmov?.F Vd, Vm'),
  ...both('1110 1110 1D11 0000 dddd 101z 11M0 mmmm', 'vabs?.F Vd, Vm'),
  ...both('1110 1110 1D11 0001 dddd 101z 01M0 mmmm', 'vneg?.F Vd, Vm'),
  ...both('1110 1110 1D11 0001 dddd 101z 11M0 mmmm', 'vsqrt?.F Vd, Vm'),
  ...both('1110 1110 1D11 0100 dddd 101z e1M0 mmmm', 'vcmp[e:|e]?.F Vd, Vm'),
  ...both('1110 1110 1D11 0101 dddd 101z e100 0000', 'vcmp[e:|e]?.F Vd, #0.0'),
  ...both('1110 1110 1D11 0110 dddd 101z r1M0 mmmm', 'vrint[r:r|z]?.F Vd, Vm'),
  ...both('1110 1110 1D11 0111 dddd 101z 01M0 mmmm', 'vrintx?.F Vd, Vm'),
  ...both('1111 1110 1D11 10rr dddd 101z 01M0 mmmm', 'vrint[r:a|n|p|m].F Vd, Vm'),
]

const conversions: readonly Form[] = [
  ...both('1110 1110 1D11 0010 dddd 101z t1M0 mmmm', 'vcvt[t:b|t]?.F.f16 Vd, {sm}'),
  ...both('1110 1110 1D11 0011 dddd 101z t1M0 mmmm', 'vcvt[t:b|t]?.f16.F {sd}, Vm'),
  ['1110 1110 1D11 0111 dddd 1010 11M0 mmmm', 'vcvt?.f64.f32 {dd}, {sm}'],
  ['1110 1110 1D11 0111 dddd 1011 11M0 mmmm', 'vcvt?.f32.f64 {sd}, {dm}'],
  ...both('1110 1110 1D11 1000 dddd 101z s1M0 mmmm', 'vcvt?.F.[s:u|s]32 Vd, {sm}'),
  ...both('1110 1110 1D11 110s dddd 101z 01M0 mmmm', 'vcvtr?.[s:u|s]32.F {sd}, Vm'),
  ...both('1110 1110 1D11 110s dddd 101z 11M0 mmmm', 'vcvt?.[s:u|s]32.F {sd}, Vm'),
  ...both('1110 1110 1D11 101u dddd 101z 01I0 iiii', 'vcvt?.F.[u:s|u]16 Vd, Vd, {fraction16}'),
  ...both('1110 1110 1D11 101u dddd 101z 11I0 iiii', 'vcvt?.F.[u:s|u]32 Vd, Vd, {fraction32}'),
  ...both('1110 1110 1D11 111u dddd 101z 01I0 iiii', 'vcvt?.[u:s|u]16.F Vd, Vd, {fraction16}'),
  ...both('1110 1110 1D11 111u dddd 101z 11I0 iiii', 'vcvt?.[u:s|u]32.F Vd, Vd, {fraction32}'),
  ...both('1111 1110 1D11 11rr dddd 101z s1M0 mmmm', 'vcvt[r:a|n|p|m].[s:u|s]32.F {sd}, Vm'),
]

const transfers: readonly Form[] = [
  ['1110 1110 0000 nnnn tttt 1010 N--1 ----', 'vmov? {sn}, {t}'],
  ['1110 1110 0001 nnnn tttt 1010 N--1 ----', 'vmov? {t}, {sn}'],
  ['1110 1110 00x0 nnnn tttt 1011 N001 ----', 'vmov?.32 {dn}{index}, {t}'],
  ['1110 1110 00x1 nnnn tttt 1011 N001 ----', 'vmov?.32 {t}, {dn}{index}'],
  ['1110 1110 1110 0001 tttt 1010 ---1 ----', 'vmsr? fpscr, {t}'],
  ['1110 1110 1111 0001 1111 1010 ---1 ----', 'vmrs? APSR_nzcv, fpscr'],
  ['1110 1110 1111 0001 tttt 1010 ---1 ----', 'vmrs? {t}, fpscr'],
  ['1110 1100 0100 ssss tttt 1010 00M1 mmmm', 'vmov? {sm}, {nextSm}, {t}, {s}'],
  ['1110 1100 0101 ssss tttt 1010 00M1 mmmm', 'vmov? {t}, {s}, {sm}, {nextSm}'],
  ['1110 1100 0100 ssss tttt 1011 00M1 mmmm', 'vmov? {dm}, {t}, {s}'],
  ['1110 1100 0101 ssss tttt 1011 00M1 mmmm', 'vmov? {t}, {s}, {dm}'],
]

const memory: readonly Form[] = [
  ...both('1110 1101 uD00 nnnn dddd 101z iiiiiiii', 'vstr? Vd, [{n}{wordsOr0}]'),
  ...both('1110 1101 uD01 1111 dddd 101z iiiiiiii', 'vldr? Vd, [pc, {signedWords}]'),
  ...both('1110 1101 uD01 nnnn dddd 101z iiiiiiii', 'vldr? Vd, [{n}{wordsOr0}]'),
  ['1110 1101 0D10 1101 dddd 1010 iiiiiiii', 'vpush? {floats}'],
  ['1110 1100 1D11 1101 dddd 1010 iiiiiiii', 'vpop? {floats}'],
  ['1110 1100 1Dw0 nnnn dddd 1010 iiiiiiii', 'vstmia? {n}[w:|!], {floats}'],
  ['1110 1100 1Dw1 nnnn dddd 1010 iiiiiiii', 'vldmia? {n}[w:|!], {floats}'],
  ['1110 1101 0D10 nnnn dddd 1010 iiiiiiii', 'vstmdb? {n}!, {floats}'],
  ['1110 1101 0D11 nnnn dddd 1010 iiiiiiii', 'vldmdb? {n}!, {floats}'],
  ['1110 1101 0D10 1101 dddd 1011 iiiiiii0', 'vpush? {doubles}'],
  ['1110 1100 1D11 1101 dddd 1011 iiiiiii0', 'vpop? {doubles}'],
  ['1110 1100 1Dw0 nnnn dddd 1011 iiiiiii0', 'vstmia? {n}[w:|!], {doubles}'],
  ['1110 1100 1Dw1 nnnn dddd 1011 iiiiiii0', 'vldmia? {n}[w:|!], {doubles}'],
  ['1110 1101 0D10 nnnn dddd 1011 iiiiiii0', 'vstmdb? {n}!, {doubles}'],
  ['1110 1101 0D11 nnnn dddd 1011 iiiiiii0', 'vldmdb? {n}!, {doubles}'],
  ['1110 1100 1Dw0 nnnn dddd 1011 iiiiiii1', 'fstmiax? {n}[w:|!], {doubles}'],
  ['1110 1100 1Dw1 nnnn dddd 1011 iiiiiii1', 'fldmiax? {n}[w:|!], {doubles}'],
  ['1110 1101 0D10 nnnn dddd 1011 iiiiiii1', 'fstmdbx? {n}!, {doubles}'],
  ['1110 1101 0D11 nnnn dddd 1011 iiiiiii1', 'fldmdbx? {n}!, {doubles}'],
]

/** Floating point: FPv4-SP, FPv5 of both precisions (ARMv7-M manual, A6). */
export const floatForms: readonly Form[] = [
  ...transfers,
  ...memory,
  ...unary,
  ...conversions,
  ...arithmetic,
]
