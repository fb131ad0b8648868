/** Where the board and QEMU's `virt` begin to execute. */
export const RAM_BASE = 0x8000_0000

/** A loop in machine code of RV32IM, and how often to go round for about a million instructions. */
export interface Loop {
  readonly name: string
  readonly setup: readonly number[]
  /** Counts x8 down to 0. */
  readonly body: readonly number[]
  readonly roundsPerMillion: number
}

/** A pseudo-random generator, a product, and a branch that depends on it. */
export const integerLoop: Loop = {
  name: 'integer',
  setup: [
    0x9e3784b7, // lui  x9, 0x9e378
    0x9b948493, // addi x9, x9, -1607
    0x00048513, // addi x10, x9, 0
  ],
  body: [
    0x00d51313, // slli x6, x10, 13
    0x00654533, // xor  x10, x10, x6
    0x01155313, // srli x6, x10, 17
    0x00654533, // xor  x10, x10, x6
    0x00551313, // slli x6, x10, 5
    0x00654533, // xor  x10, x10, x6
    0x029503b3, // mul  x7, x10, x9
    0x007585b3, // add  x11, x11, x7
    0x00157e13, // andi x28, x10, 1
    0x000e0463, // beq  x28, x0, .+8
    0x00160613, // addi x12, x12, 1
    0xfff40413, // addi x8, x8, -1
    0xfc0418e3, // bne  x8, x0, .-48
  ],
  roundsPerMillion: 80_000,
}

/** Loads and stores of words, half-words and bytes, up and up through 64 KiB. */
export const memoryLoop: Loop = {
  name: 'memory',
  setup: [
    0x00000297, // auipc x5, 0
    0x000104b7, // lui  x9, 0x10
    0x005484b3, // add  x9, x9, x5
    0x00010937, // lui  x18, 0x10
  ],
  body: [
    0x00048513, // addi x10, x9, 0
    0x012485b3, // add  x11, x9, x18
    0x00052303, // lw   x6, 0(x10)
    0x00452383, // lw   x7, 4(x10)
    0x00730333, // add  x6, x6, x7
    0x00652023, // sw   x6, 0(x10)
    0x00655e03, // lhu  x28, 6(x10)
    0x01c502a3, // sb   x28, 5(x10)
    0x00850513, // addi x10, x10, 8
    0xfeb512e3, // bne  x10, x11, .-28
    0xfff40413, // addi x8, x8, -1
    0xfc041ae3, // bne  x8, x0, .-44
  ],
  roundsPerMillion: 15,
}

/** Powers the machine off: PASS, to the test finisher. */
const powerOff = [
  0x001002b7, // lui  x5, 0x100
  0x00005337, // lui  x6, 0x5
  0x55530313, // addi x6, x6, 0x555
  0x0062a023, // sw   x6, 0(x5)
  0x0000006f, // jal  x0, .
]

/** An image that does nothing but power the machine off. */
export const emptyImage = image(powerOff)

/** The image of `loop` that executes about so many million instructions. */
export function loopImage({ setup, body, roundsPerMillion }: Loop, millions: number): Uint8Array {
  const rounds = millions * roundsPerMillion
  const upper = (rounds + 0x800) & ~0xfff
  return image([
    ...setup,
    upper | (8 << 7) | 0x37, // lui  x8, rounds
    ((rounds - upper) << 20) | (8 << 15) | (8 << 7) | 0x13, // addi x8, x8, rounds
    ...body,
    ...powerOff,
  ])
}

function image(words: readonly number[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(4 * words.length))
  words.forEach((word, i) => {
    bytes.setInt32(4 * i, word, true)
  })
  return new Uint8Array(bytes.buffer)
}
