import { expect, test } from 'vitest'
import { constant, ThumbProgram } from '../../../test/cores/cortex-m/assembler.js'
import { boardNamed } from '../catalogue/index.js'
import { EmulatedBoard } from '../emulated-board.js'

const SYS_WRITE0 = 4
const BKPT_SEMIHOSTING = 0xbeab

test.each([false, 0])(
  'text that a program sends through semihosting takes a cycle a byte (compile: %s)',
  (compile) => {
    const board = new EmulatedBoard(boardNamed('mps2-an386'), { compile })
    const [memory] = board.regions
    const code = board.regions.find(({ da }) => da === 0)
    if (code === undefined) throw new Error('no code memory')
    // A megabyte without an end.
    memory.bytes.fill(0x78, 0, 0x10_0000)
    code.setU32(0, memory.da + 0x20_0000)
    code.setU32(4, 0x101)
    const program = new ThumbProgram()
      .emit(constant(1, memory.da))
      .label('loop')
      .emit(constant(0, SYS_WRITE0), BKPT_SEMIHOSTING)
      .branch('loop')
    code.words16.set(program.halves(), 0x100 / 2)
    board.reset(0)
    let sent = 0
    board.onConsole = () => sent++
    expect(board.run(1_000_000)).toEqual({ kind: 'budget' })
    // What is in one call goes on beyond the end of the run.
    expect([sent, board.cycle]).toEqual([16 * 0x1_0000, expect.any(Number)])
    expect(board.cycle - sent).toBeLessThan(100)
  },
)
