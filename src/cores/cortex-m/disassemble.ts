import { hex } from '../../base/errors.js'
import type { Disassembled } from '../debug.js'
import { floatForms } from './disassembly-float.js'
import { fieldOf, type Pattern, PatternIndex } from './disassembly-form.js'
import { memoryForms } from './disassembly-memory.js'
import { conditions, operands, registerName } from './disassembly-operands.js'
import { thumb16 } from './disassembly-thumb16.js'
import { thumb32 } from './disassembly-thumb32.js'
import { flowOf } from './flow.js'

const short = new PatternIndex(thumb16, 16)
const long = new PatternIndex([...thumb32, ...memoryForms, ...floatForms], 32)

/**
 * The instruction that the halves `first` and `second` make, at `pc`.
 * @param second undefined for one of 16 bits
 * @param itstate the state of the IT block at the instruction, 0 outside of one: decides whether it
 *   has a condition in its name, and whether a short one sets the flags
 */
export function disassemble(
  first: number,
  second: number | undefined,
  pc: number,
  itstate: number,
): Disassembled {
  const size = second === undefined ? 2 : 4
  const bits = second === undefined ? first : ((first << 16) | second) >>> 0
  const pattern = (second === undefined ? short : long).find(bits, first >>> 8)
  const text =
    pattern === undefined
      ? `.${size === 2 ? 'short' : 'word'} ${hex(bits, 2 * size)}`
      : textOf(pattern, bits, pc, itstate)
  return { size, bits, text, flow: flowOf(first, second) }
}

function textOf(pattern: Pattern, bits: number, pc: number, itstate: number): string {
  const field = (letter: string): number => fieldOf(pattern, letter, bits)
  const condition = itstate === 0 ? '' : (conditions[itstate >>> 4] ?? '')
  return pattern.text
    .replace('?', condition)
    .replace('~', itstate === 0 ? 's' : condition)
    .replace(/\[(\w):(.*?)\]/g, (_, letter: string, words: string) => {
      return words.split('|')[field(letter)] ?? ''
    })
    .replace(/\{#(\w)(?:([*+])(\d))?\}/g, (_, letter: string, sign: string, by: string) => {
      const value = field(letter)
      const changed = sign === '*' ? value * Number(by) : value + Number(by ?? 0)
      return `#${changed}`
    })
    .replace(/\{(\w+)\}/g, (_, name: string) => {
      const operand = operands[name]
      return operand === undefined ? registerName(field(name)) : operand(field, pc)
    })
}
