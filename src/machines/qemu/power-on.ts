// Arm Power State Coordination Interface (DEN 0022), CPU_ON in the SMC64 convention.
const CPU_ON = 0xc400_0003

/** Instructions of A64 (Arm Architecture Reference Manual, DDI 0487), operands as zeros. */
const MOVZ_W = 0x5280_0000
const MOVK_W_LSL_16 = 0x72a0_0000
const SMC_0 = 0xd400_0003
const BRANCH_TO_SELF = 0x1400_0000

/** Words of the program. */
export const POWER_ON_WORDS = 10

/**
 * What a machine's first core executes to power on another one: MOVs of the three arguments, SMC, and
 * then nothing any more.
 * @param affinity of the core that is to be powered on, as in its MPIDR
 * @param entry where that one begins
 */
export function powerOnProgram(affinity: number, entry: number): Uint32Array {
  return Uint32Array.of(
    ...move(0, CPU_ON),
    ...move(1, affinity),
    ...move(2, entry),
    ...move(3, 0),
    SMC_0,
    BRANCH_TO_SELF,
  )
}

/** Puts a number of 32 bits into register x`register`. */
function move(register: number, value: number): [number, number] {
  const half = (bits: number): number => (bits & 0xffff) << 5
  return [MOVZ_W | half(value) | register, MOVK_W_LSL_16 | half(value >>> 16) | register]
}
