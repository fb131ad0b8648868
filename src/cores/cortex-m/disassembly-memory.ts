import type { Form } from './disassembly-form.js'

/** Loads and stores of one register: what stands for them in bits 31 to 20 without the form. */
const singles: readonly (readonly [name: string, bits: string])[] = [
  ['strb', '1111 1000 U000'],
  ['ldrb', '1111 1000 U001'],
  ['strh', '1111 1000 U010'],
  ['ldrh', '1111 1000 U011'],
  ['str', '1111 1000 U100'],
  ['ldr', '1111 1000 U101'],
  ['ldrsb', '1111 1001 U001'],
  ['ldrsh', '1111 1001 U011'],
]

function single([name, bits]: readonly [string, string]): Form[] {
  const at = (u: string, rest: string): string => `${bits.replace('U', u)} ${rest}`
  const unprivileged: Form = [at('0', 'nnnn tttt 1110 iiiiiiii'), `${name}t? {t}, [{n}{offset}]`]
  const shared: Form[] = [
    [at('0', 'nnnn tttt 000000 00 mmmm'), `${name}?.w {t}, [{n}, {m}]`],
    [at('0', 'nnnn tttt 000000 ii mmmm'), `${name}?.w {t}, [{n}, {m}, lsl {#i}]`],
    [at('0', 'nnnn tttt 1100 iiiiiiii'), `${name}?.w {t}, [{n}, #-{i}]`],
    [at('0', 'nnnn tttt 11u1 iiiiiiii'), `${name}?.w {t}, [{n}, {signed}]!`],
    [at('0', 'nnnn tttt 10u1 iiiiiiii'), `${name}?.w {t}, [{n}], {signedAfter}`],
    [at('1', 'nnnn tttt iiiiiiiiiiii'), `${name}?.w {t}, [{n}{offset}]`],
  ]
  const literal: Form = [at('u', '1111 tttt iiiiiiiiiiii'), `${name}?.w {t}, [pc, {signed}]`]
  return [...(name.startsWith('l') ? [literal] : []), unprivileged, ...shared]
}

/** Where byte and halfword loads of the pc would stand. */
const preloads: readonly Form[] = (
  [
    ['pld', '1111 1000 U001'],
    ['pldw', '1111 1000 U011'],
    ['pli', '1111 1001 U001'],
  ] as const
).flatMap(([name, bits]): Form[] => {
  const at = (u: string, rest: string): string => `${bits.replace('U', u)} ${rest}`
  return [
    [at('u', '1111 1111 iiiiiiiiiiii'), `${name}? [pc, {signed}]`],
    [at('0', 'nnnn 1111 000000 00 mmmm'), `${name}? [{n}, {m}]`],
    [at('0', 'nnnn 1111 000000 ii mmmm'), `${name}? [{n}, {m}, lsl {#i}]`],
    [at('0', 'nnnn 1111 1100 iiiiiiii'), `${name}? [{n}{less}]`],
    [at('1', 'nnnn 1111 iiiiiiiiiiii'), `${name}? [{n}{offset}]`],
  ]
})

/** By their size: those of byte, halfword and word. */
const sized = (name: string, bits: string, text: string): Form[] =>
  ['b', 'h', ''].map((size, n): Form => {
    return [bits.replace('SS', ['00', '01', '10'][n] ?? ''), `${name}${size}? ${text}`]
  })

/** Loads and stores but of the floating-point registers. */
export const memoryForms: readonly Form[] = [
  ...preloads,
  ['1111 1000 0101 1101 tttt 1011 0000 0100', 'ldr?.w {t}, [sp], #4'],
  ...singles.flatMap(single),
  ['1110 1000 1011 1101 llll llll llll llll', 'ldmia?.w sp!, {list}'],
  ['1110 1000 10 w 0 nnnn llll llll llll llll', 'stmia?.w {n}[w:|!], {list}'],
  ['1110 1000 10 w 1 nnnn llll llll llll llll', 'ldmia?.w {n}[w:|!], {list}'],
  ['1110 1001 00 w 0 nnnn llll llll llll llll', 'stmdb? {n}[w:|!], {list}'],
  ['1110 1001 00 w 1 nnnn llll llll llll llll', 'ldmdb? {n}[w:|!], {list}'],
  ['1110 1001 0111 1111 1110 1001 0111 1111', 'sg'],
  ['1110 1000 0100 nnnn 1111 dddd oo-- ----', '[o:tt|ttt|tta|ttat]? {d}, {n}'],
  ['1110 1000 0100 nnnn tttt dddd iiii iiii', 'strex? {d}, {t}, [{n}{words}]'],
  ['1110 1000 0101 nnnn tttt ---- iiii iiii', 'ldrex? {t}, [{n}{words}]'],
  ['1110 1000 1101 nnnn ---- ---- 0000 mmmm', 'tbb? [{n}, {m}]'],
  ['1110 1000 1101 nnnn ---- ---- 0001 mmmm', 'tbh? [{n}, {m}, lsl #1]'],
  ...sized('strex', '1110 1000 1100 nnnn tttt ---- 01SS dddd', '{d}, {t}, [{n}]').slice(0, 2),
  ...sized('ldrex', '1110 1000 1101 nnnn tttt ---- 01SS ----', '{t}, [{n}]').slice(0, 2),
  ...sized('stl', '1110 1000 1100 nnnn tttt ---- 10SS ----', '{t}, [{n}]'),
  ...sized('lda', '1110 1000 1101 nnnn tttt ---- 10SS ----', '{t}, [{n}]'),
  ...sized('stlex', '1110 1000 1100 nnnn tttt ---- 11SS dddd', '{d}, {t}, [{n}]'),
  ...sized('ldaex', '1110 1000 1101 nnnn tttt ---- 11SS ----', '{t}, [{n}]'),
  ['1110 1001 u101 1111 tttt ssss iiii iiii', 'ldrd? {t}, {s}, [pc, {signedWords}]'],
  ['1110 1001 u1w l nnnn tttt ssss iiii iiii', '[l:str|ldr]d? {t}, {s}, [{n}{wordsOr0}][w:|!]'],
  ['1110 1000 u11 l nnnn tttt ssss iiii iiii', '[l:str|ldr]d? {t}, {s}, [{n}], {signedWords}'],
]
