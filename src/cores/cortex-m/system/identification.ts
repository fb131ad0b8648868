import type { Part } from '../parts.js'

/** Offset in the system control space of the first of them, ID_PFR0; the others follow. */
export const ID_PFR0 = 0xd40
/** Behind the last of them, CTR. */
export const ID_END = 0xd80

/**
 * ID_PFR0, ID_PFR1, ID_DFR0, ID_AFR0, ID_MMFR0 to 3, ID_ISAR0 to 5, CLIDR, CTR, as the technical
 * reference manuals of the parts list them. A part without caches has no CLIDR and CTR.
 */
const registers: Readonly<Record<number, readonly number[]>> = {
  // Cortex-M3
  3107: [
    0x30, 0x200, 0x10_0000, 0, 0x30, 0, 0, 0, 0x0114_1110, 0x0211_1000, 0x2111_2231, 0x0111_1110,
    0x0131_0102, 0, 0, 0,
  ],
  // Cortex-M4
  3108: [
    0x30, 0x200, 0x10_0000, 0, 0x10_0030, 0, 0x100_0000, 0, 0x0114_1110, 0x0211_2000, 0x2123_2231,
    0x0111_1131, 0x0131_0102, 0, 0, 0,
  ],
  // Cortex-M7, with caches
  3111: [
    0x30, 0x200, 0x10_0000, 0, 0x10_0030, 0, 0x100_0000, 0, 0x0110_1110, 0x0211_2000, 0x2023_2231,
    0x0111_1131, 0x0131_0132, 0, 0x0900_0003, 0x8303_c003,
  ],
  // Cortex-M33
  3361: [
    0x30, 0x210, 0x20_0000, 0, 0x10_1f40, 0, 0x100_0000, 0, 0x0110_1110, 0x0221_2000, 0x2023_2232,
    0x0111_1131, 0x0131_0132, 0, 0, 0x8000_c000,
  ],
}

/** CCSIDR of the Cortex-M7's caches of 32 KiB: lines of 32 bytes, 4 ways of data, 2 of code. */
const CCSIDR_DATA = 0xf01f_e019
const CCSIDR_CODE = 0xf03f_e009

/** MVFR0 to MVFR2, which say what floating point can do. */
const media: Readonly<Record<Part['fpu'], readonly [number, number, number]>> = {
  none: [0, 0, 0],
  'fpv4-sp': [0x1011_0021, 0x1100_0011, 0],
  'fpv5-sp': [0x1011_0021, 0x1100_0011, 0x40],
  'fpv5-d16': [0x1011_0221, 0x1200_0011, 0x40],
}

/** PARTNO of CPUID. */
function partNumber(part: Part): number {
  return (part.cpuid >>> 4) & 0xfff
}

/** The ID register at `offset` (ID_PFR0 to CTR); 0 where the part has none. */
export function identification(part: Part, offset: number): number {
  return registers[partNumber(part)]?.[(offset - ID_PFR0) >>> 2] ?? 0
}

/** CCSIDR of the cache that CSSELR selects: bit 0 is set for the code's. */
export function cacheSize(part: Part, csselr: number): number {
  if (identification(part, ID_END - 8) === 0) return 0
  return csselr & 1 ? CCSIDR_CODE : CCSIDR_DATA
}

export function mediaFeatures(part: Part, index: number): number {
  return media[part.fpu][index] ?? 0
}
