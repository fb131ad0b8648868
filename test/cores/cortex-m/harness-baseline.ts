import * as asm from './assembler.js'
import { ThumbProgram } from './assembler.js'
import { DUMP, SCRATCH, SLOT, SP_OFFSET, STATE } from './places.js'

const EQ = 0
const NE = 1

const SYS_OPEN = 0x01
const SYS_CLOSE = 0x02
const SYS_WRITE = 0x05
const SYS_EXIT = 0x18
const APPLICATION_EXIT = 0x2_0026

/** Any constant in a low register, by its bytes. Changes the flags. */
function constant(rd: number, value: number): number[] {
  const code = [0x2000 | (rd << 8) | (value >>> 24)]
  for (const shift of [16, 8, 0]) {
    code.push(0x0200 | (rd << 3) | rd, 0x3000 | (rd << 8) | ((value >>> shift) & 0xff))
  }
  return code
}

const ldr = (rt: number, rn: number, offset = 0): number => 0x6800 | (offset << 4) | (rn << 3) | rt
const str = (rt: number, rn: number, offset = 0): number => 0x6000 | (offset << 4) | (rn << 3) | rt
const ldmia = (rn: number, list: number): number => 0xc800 | (rn << 8) | list
const stmia = (rn: number, list: number): number => 0xc000 | (rn << 8) | list
const adds = (rd: number, imm: number): number => 0x3000 | (rd << 8) | imm
const movs = (rd: number, imm: number): number => 0x2000 | (rd << 8) | imm
const compareZero = (rn: number): number => 0x2800 | (rn << 8)
const R4_TO_R7 = 0xf0

/**
 * The harness's program in instructions of ARMv6-M. It does what that of the larger profiles does, but
 * for what v6-M has not: there are no fault status registers, and the vector table stays where it is.
 * Its machine's RAM cannot be a file, so its end writes all RAM into the file "ram" by semihosting.
 */
export function baselineProgram(ram: number, scratchWords: number): ThumbProgram {
  const p = new ThumbProgram()
  p.label('start').emit(constant(0, ram + SCRATCH + SP_OFFSET), asm.msr(asm.special.psp, 0))
  p.emit(movs(0, 2), asm.msr(asm.special.control, 0), asm.dsb, asm.isb, asm.udf)
  record(p, ram, scratchWords)
  prepare(p, ram, scratchWords)
  end(p, ram)
  return p
}

/** r4 to r11 are still those of the case; the others are in its frame. */
function record(p: ThumbProgram, ram: number, scratchWords: number): void {
  p.label('handler').emit(constant(0, ram + STATE), ldr(1, 0))
  // Constants are made through the flags and low registers only; r4 to r7 are saved first.
  p.emit(asm.mov(2, 1), adds(2, 16), stmia(2, R4_TO_R7))
  p.emit(...[4, 5, 6, 7].map((low) => asm.mov(low, low + 4)), stmia(2, R4_TO_R7))
  p.emit(asm.mrs(3, asm.special.psp), ldmia(3, R4_TO_R7), stmia(1, R4_TO_R7), adds(1, 32))
  p.emit(ldmia(3, R4_TO_R7), stmia(1, R4_TO_R7))
  // Bit 9 of the stacked xPSR says that SP was not a multiple of 8: LSRS, LSLS, LSRS, ADDS.
  p.emit(0x0a7c, 0x07e4, 0x0f64, 0x191b, stmia(1, 1 << 3))
  p.emit(constant(2, ram + SCRATCH), constant(3, scratchWords))
  p.label('save').emit(ldmia(2, 1 << 5), stmia(1, 1 << 5), asm.subs(3, 1))
  p.near('save', NE).emit(str(1, 0))
}

function prepare(p: ThumbProgram, ram: number, scratchWords: number): void {
  // The code of the last case is wiped: its length stands in the third word of the state.
  p.emit(ldr(2, 0, 8), constant(3, ram + SLOT), constant(4, asm.udf), compareZero(2))
  p.near('wiped', EQ)
  p.label('wipe').emit(0x801c, adds(3, 2), asm.subs(2, 1)).near('wipe', NE)
  p.label('wiped').emit(ldr(1, 0, 4), ldr(2, 1), compareZero(2))
  p.near('more', NE).near('end')
  p.label('more').emit(constant(3, ram + SCRATCH), constant(4, scratchWords))
  p.emit(constant(5, 0x8765_4321), constant(6, 0x0123_89ab))
  p.label('fill')
    .emit(stmia(3, 1 << 5), 0x19ad, asm.subs(4, 1))
    .near('fill', NE)
  p.emit(ldr(5, 1, 20), str(5, 0, 8), asm.mov(6, 1), adds(6, 24), constant(7, ram + SLOT))
  p.label('copy').emit(0x8834, 0x803c, adds(6, 2), adds(7, 2), asm.subs(5, 1)).near('copy', NE)
  p.emit(str(6, 0, 4), movs(4, 0), asm.msr(asm.special.primask, 4))
  p.emit(movs(4, 2), asm.msr(asm.special.control, 4), asm.dsb, asm.isb)
  // The frame: r0 to r3, r12, LR, pc, xPSR.
  p.emit(constant(3, ram + SCRATCH + SP_OFFSET - 32), asm.msr(asm.special.psp, 3))
  p.emit(ldmia(2, R4_TO_R7), stmia(3, R4_TO_R7))
  p.emit(ldr(4, 2, 32), ldr(5, 2, 36), constant(6, ram + SLOT), ldr(7, 1, 4), stmia(3, R4_TO_R7))
  p.emit(asm.mov(3, 2), adds(3, 16), ldmia(3, R4_TO_R7))
  p.emit(...[4, 5, 6, 7].map((low) => asm.mov(low + 4, low)), ldmia(2, R4_TO_R7))
  // EXC_RETURN 0xfffffffd: MOVS r0, #2 and MVNS r0, r0.
  p.emit(movs(0, 2), 0x43c0, asm.bx(0))
}

/** On QEMU, which finds 0 in the first word of RAM, the RAM is shown and the run ends. */
function end(p: ThumbProgram, ram: number): void {
  p.label('end').emit(constant(0, ram), ldr(1, 0), compareZero(1)).near('rest', NE)
  p.emit(constant(1, ram + DUMP), movs(0, SYS_OPEN), asm.semihosting)
  p.emit(str(0, 1, 12), adds(1, 12), movs(0, SYS_WRITE), asm.semihosting)
  p.emit(movs(0, SYS_CLOSE), asm.semihosting)
  p.emit(movs(0, SYS_EXIT), constant(1, APPLICATION_EXIT), asm.semihosting)
  p.label('rest').emit(asm.wfi).near('rest')
}
