import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { mps2An386 } from '../dist/boards/catalogue/mps2.js'
import { virtRv32 } from '../dist/boards/catalogue/virt-rv32.js'
import type { BoardDescription } from '../dist/boards/description.js'

/** A core with its program (`firmware/`), here and on QEMU. */
export interface Target {
  readonly name: string
  readonly board: BoardDescription
  readonly image: string
  /** Where the program finds what it is to do. */
  readonly parameters: number
  readonly qemu: string
  readonly machine: readonly string[]
}

/** The kinds of work, by their numbers in the program, and rounds of each for about a second of QEMU's. */
export const loops = [
  { name: 'mixed', number: 0, rounds: { rv32: 8000, 'cortex-m4': 8000 } },
  { name: 'memory', number: 1, rounds: { rv32: 2000, 'cortex-m4': 2000 } },
  { name: 'branch', number: 2, rounds: { rv32: 6000, 'cortex-m4': 6000 } },
  { name: 'bits', number: 3, rounds: { rv32: 8000, 'cortex-m4': 8000 } },
  { name: 'float', number: 4, rounds: { rv32: 1000, 'cortex-m4': 1000 } },
] as const

export type Loop = (typeof loops)[number]

const image = (name: string): string =>
  fileURLToPath(new URL(`../bench/firmware/images/${name}.elf`, import.meta.url))

export const rv32: Target = {
  name: 'rv32',
  board: virtRv32,
  image: image('rv32'),
  parameters: 0x8010_0000,
  qemu: 'qemu-system-riscv32',
  machine: ['-M', 'virt', '-bios', 'none', '-m', '16M'],
}

export const cortexM4: Target = {
  name: 'cortex-m4',
  board: mps2An386,
  image: image('cortex-m4'),
  parameters: 0x2010_0000,
  qemu: 'qemu-system-arm',
  machine: ['-M', 'mps2-an386', '-semihosting'],
}

/** What of an ELF file is loaded: program headers of type PT_LOAD (ELF specification, Elf32_Phdr). */
export function segmentsOf(
  path: string,
): { readonly address: number; readonly bytes: Uint8Array }[] {
  const file = readFileSync(path)
  const PT_LOAD = 1
  const [table, size, count] = [file.readUInt32LE(28), file.readUInt16LE(42), file.readUInt16LE(44)]
  return Array.from({ length: count }, (_, i) => table + i * size)
    .filter((at) => file.readUInt32LE(at) === PT_LOAD && file.readUInt32LE(at + 16) > 0)
    .map((at) => {
      const offset = file.readUInt32LE(at + 4)
      const bytes = file.subarray(offset, offset + file.readUInt32LE(at + 16))
      return { address: file.readUInt32LE(at + 12), bytes }
    })
}

/** Where the image is entered: at the beginning of what is loaded, code or vectors. */
export function entryOf(path: string): number {
  return Math.min(...segmentsOf(path).map(({ address }) => address))
}
