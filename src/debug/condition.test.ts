import { describe, expect, it } from 'vitest'
import { virtRv32 } from '../boards/catalogue/virt-rv32.js'
import { EmulatedBoard } from '../boards/emulated-board.js'
import type { CoreDebug } from '../cores/debug.js'
import { holds } from './condition.js'
import { fromHex } from './packet.js'

/** A core with 0x1234 in a0 (register 10), and the bytes fe ff ff ff 01 at 0x80000000. */
function core(): CoreDebug {
  const { debug } = new EmulatedBoard(virtRv32, { ramSize: 0x1000 })
  if (debug === undefined) throw new Error('the board has no debugger’s side')
  debug.writeRegister(10, 0x1234n)
  debug.store(0x8000_0000, 4, 0xffff_fffe)
  debug.store(0x8000_0004, 1, 1)
  return debug
}

/** A program, written in bytes with spaces between them. */
function program(text: string): Uint8Array {
  const bytes = fromHex(text.replaceAll(' ', ''))
  if (bytes === undefined) throw new Error(`no bytes: ${text}`)
  return bytes
}

// Each leaves a value, which is compared with the one that stands beside it.
const values: readonly (readonly [what: string, code: string, value: string])[] = [
  ['a register', '26 00 0a', '23 12 34'],
  ['a byte of memory', '24 80 00 00 00 17', '22 fe'],
  ['a half', '24 80 00 00 00 18', '23 ff fe'],
  ['a word that is not aligned', '24 80 00 00 01 19', '24 01 ff ff ff'],
  ['a double word', '24 80 00 00 00 1a', '25 00 00 00 01 ff ff ff fe'],
  ['a sign extended', '24 80 00 00 00 18 16 10', '22 02 22 00 2b 03'],
  ['zeros extended', '22 02 22 00 2b 03 2a 08', '22 fe'],
  ['a sum', '22 02 22 03 02', '22 05'],
  ['a difference', '22 05 22 03 03', '22 02'],
  ['a product', '22 03 22 05 04', '22 0f'],
  ['a signed quotient', '22 f8 16 08 22 02 05', '22 fc 16 08'],
  ['an unsigned quotient', '22 f8 16 08 22 02 06', '25 7f ff ff ff ff ff ff fc'],
  ['a signed rest', '22 f9 16 08 22 02 07', '22 ff 16 08'],
  ['an unsigned rest', '22 f9 16 08 22 02 08', '22 01'],
  ['a shift to the left', '22 01 22 04 09', '22 10'],
  ['a signed shift to the right', '22 f8 16 08 22 02 0a', '22 fe 16 08'],
  ['an unsigned shift to the right', '22 f8 16 08 22 3c 0b', '22 0f'],
  ['and', '22 0c 22 0a 0f', '22 08'],
  ['or', '22 0c 22 0a 10', '22 0e'],
  ['exclusive or', '22 0c 22 0a 11', '22 06'],
  ['the bits turned over', '22 00 12', '22 ff 16 08'],
  ['the truth turned over', '22 05 0e', '22 00'],
  ['less, signed', '22 ff 16 08 22 01 14', '22 01'],
  ['less, unsigned', '22 ff 16 08 22 01 15', '22 00'],
  ['a jump that is taken', '22 01 20 00 07 22 09 22 03', '22 03'],
  ['a jump that is not', '22 03 22 00 20 00 00', '22 03'],
  ['a jump in any case', '21 00 05 22 09 22 03', '22 03'],
  ['a copy', '22 03 28 04', '22 09'],
  ['a copy from below', '22 07 22 03 32 01 03 02', '25 00 00 00 00 00 00 00 03'],
  ['what is thrown away', '22 03 22 09 29', '22 03'],
  ['an exchange of two', '22 03 22 05 2b 03', '22 02'],
  ['an exchange of three', '22 05 22 02 22 09 33 03 03', '22 06'],
]

describe('a condition', () => {
  it.each(values)('has %s', (_, code, value) => {
    expect(holds(program(`${code} ${value} 13 27`), core())).toBe(true)
    expect(holds(program(`${code} ${value} 13 0e 27`), core())).toBe(false)
  })

  it.each([
    ['memory where there is none', '24 40 00 00 00 19 27'],
    ['a register that there is not', '26 ff ff 27'],
    ['a division by zero', '22 01 22 00 05 27'],
    ['an operation that there is not', 'ff 27'],
    ['values that there are not', '02 27'],
    ['no end', '22 00'],
    ['a jump to itself', '21 00 00'],
    ['nothing but values', '22 00 21 00 00'],
    ['nothing', ''],
  ])('that cannot be evaluated holds, for the debugger to see: %s', (_, code) => {
    expect(holds(program(code), core())).toBe(true)
  })
})
