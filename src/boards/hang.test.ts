import { describe, expect, it } from 'vitest'
import * as asm from '../../test/cores/assembler.js'
import { csr, Program, reg } from '../../test/cores/assembler.js'
import { constant, str, ThumbProgram, udf } from '../../test/cores/cortex-m/assembler.js'
import type { BoardStop } from './board.js'
import { boardNamed } from './catalogue/index.js'
import { EmulatedBoard } from './emulated-board.js'

const { a0, a1, t0, zero } = reg
const SLICE = 25_000
const SLICES = 100

interface Run {
  readonly stop: BoardStop
  readonly board: EmulatedBoard
  readonly notes: readonly string[]
}

/** Runs a board in slices, as its machine does, until something happens. */
function run(board: EmulatedBoard): Run {
  const notes: string[] = []
  board.onNote = (text) => notes.push(text)
  let stop: BoardStop = { kind: 'budget' }
  for (let slice = 1; slice <= SLICES && stop.kind === 'budget'; slice++) {
    stop = board.run(slice * SLICE)
  }
  return { stop, board, notes }
}

const ways = [
  ['interpreted', false],
  ['compiled', true],
  ['compiled at once', 0],
] as const

describe.each(ways)('RISC-V, %s: a fault', (_, compile) => {
  const BASE = 0x8000_0000

  /** A load from nowhere, with `handler` at 0x80000020. */
  function faulting(handler: (program: Program) => Program): Run {
    const board = new EmulatedBoard(boardNamed('virt-rv32'), { ramSize: 0x1_0000, compile })
    const program = new Program()
      .la(t0, 'handler')
      .emit(asm.csrrw(zero, csr.mtvec, t0), asm.addi(a0, zero, -1), asm.csrrw(zero, csr.mie, a0))
      .emit(asm.lui(a1, 0x0300_0000), asm.lw(a0, a1, 4), asm.nop)
    board.regions[0].bytes.set(handler(program.label('handler')).bytes())
    board.reset(BASE)
    return run(board)
  }

  it.each<[string, (program: Program) => Program]>([
    ['jumps to itself', (p) => p.jump('handler')],
    ['counts for ever', (p) => p.emit(asm.addi(a0, a0, 1)).jump('handler')],
  ])('is a crash where its handler %s', (_, handler) => {
    const { stop, board, notes } = faulting(handler)
    expect(stop).toEqual({
      kind: 'crashed',
      reason:
        'load access fault at pc 0x80000018, address 0x03000004; ' +
        'the trap handler stays in an endless loop at pc 0x80000020',
    })
    expect(board.fault).toMatchObject({ pc: BASE + 0x18, address: 0x0300_0004 })
    expect(board.cycle).toBeLessThan(3 * SLICE)
    expect(notes).toEqual([])
  })

  it('is told of, not more, where an interrupt could still come', () => {
    const { stop, notes } = faulting((p) =>
      p
        .emit(asm.csrrsi(zero, csr.mstatus, 8))
        .label('loop')
        .jump('loop'),
    )
    expect(stop).toEqual({ kind: 'budget' })
    expect(notes).toEqual([
      'endless loop at pc 0x80000024 in the trap handler, after load access fault at pc 0x80000018, ' +
        'address 0x03000004: only an interrupt leads out of it; skipped in virtual time',
    ])
  })

  it('is a crash where its handler waits with all interrupts off', () => {
    const { stop } = faulting((p) =>
      p.emit(asm.csrrw(zero, csr.mie, zero), asm.wfi).jump('handler'),
    )
    expect(stop).toEqual({
      kind: 'crashed',
      reason:
        'load access fault at pc 0x80000018, address 0x03000004; ' +
        'the trap handler waits for ever at pc 0x80000024',
    })
  })

  it('whose handler waits for an interrupt that may come is idle', () => {
    const { stop } = faulting((p) => p.emit(asm.wfi).jump('handler'))
    expect(stop).toEqual({ kind: 'idle', until: Number.POSITIVE_INFINITY })
  })

  it('whose handler waits for memory to change is told of, not more', () => {
    const { stop, notes } = faulting((p) =>
      p
        .la(a1, 'handler')
        .label('loop')
        .emit(asm.lw(a0, a1, 0x100))
        .branch(0, a0, zero, 'loop'),
    )
    expect(stop).toEqual({ kind: 'budget' })
    expect(notes).toHaveLength(1)
    expect(notes[0]).toContain('in the trap handler, after load access fault')
  })
})

describe.each(ways)('Cortex-M, %s: a fault', (_, compile) => {
  const CODE = 0x100
  const HANDLER = 0x200
  const SYSTICK = 0xe000_e010
  const ticking = [constant(1, SYSTICK), constant(0, 9999), str(0, 1, 4)]
  const [tick, itself, wfi] = [0x4770, 0xe7fe, 0xbf30]

  /** Executes `program`; every exception but SysTick leads to `handler`. */
  function executing(program: ThumbProgram, handler: readonly number[] = [itself]): Run {
    const board = new EmulatedBoard(boardNamed('mps2-an386'), { compile })
    const code = board.regions.find(({ da }) => da === 0)
    if (code === undefined) throw new Error('no code memory')
    code.setU32(0, 0x2000_8000)
    code.setU32(4, CODE | 1)
    for (let number = 2; number < 48; number++) code.setU32(number * 4, HANDLER | 1)
    code.setU32(15 * 4, (HANDLER + 0x80) | 1)
    code.words16.set(program.halves(), CODE / 2)
    code.words16.set(handler, HANDLER / 2)
    code.words16[(HANDLER + 0x80) / 2] = tick
    board.reset(0)
    return run(board)
  }

  /** SysTick and all interrupts are on. */
  const enabled = (): ThumbProgram =>
    new ThumbProgram()
      .emit(...ticking, constant(0, 7), str(0, 1, 0))
      .emit(constant(1, 0xe000_e100), constant(0, 0xffff), str(0, 1, 0))

  it('is a crash where HardFault_Handler branches to itself, for nothing gets past it', () => {
    const { stop, board } = executing(enabled().emit(udf))
    const pc = board.fault?.pc ?? 0
    expect(stop).toEqual({
      kind: 'crashed',
      reason:
        `UsageFault: undefined instruction at pc 0x${pc.toString(16).padStart(8, '0')}; ` +
        'the handler of HardFault stays in an endless loop at pc 0x00000200',
    })
    expect(board.cycle).toBeLessThan(3 * SLICE)
  })

  it('is a crash where HardFault_Handler waits for an interrupt and branches back', () => {
    const { stop, board } = executing(enabled().emit(udf), [wfi, 0xe7fd])
    const pc = board.fault?.pc ?? 0
    expect(stop).toEqual({
      kind: 'crashed',
      reason:
        `UsageFault: undefined instruction at pc 0x${pc.toString(16).padStart(8, '0')}; ` +
        'the handler of HardFault waits for ever at pc 0x00000200',
    })
  })

  it('is told of, not more, where interrupts come before its handler', () => {
    // SHCSR: the fault is enabled; SHPR1: its priority is 0x80.
    const { stop, notes } = executing(
      enabled()
        .emit(constant(1, 0xe000_ed24), constant(0, 7 << 16), str(0, 1, 0))
        .emit(constant(1, 0xe000_ed18), constant(0, 0x80_0000), str(0, 1, 0), udf),
    )
    expect(stop).toEqual({ kind: 'budget' })
    expect(notes).toHaveLength(1)
    expect(notes[0]).toMatch(
      /^endless loop at pc 0x00000200 in the handler of UsageFault, after UsageFault: undefined instruction at pc/,
    )
  })

  it('is a crash where those that are enabled do not come before its handler', () => {
    const { stop } = executing(
      enabled().emit(constant(1, 0xe000_ed24), constant(0, 7 << 16), str(0, 1, 0), udf),
    )
    expect(stop).toMatchObject({ kind: 'crashed' })
    expect(stop).toHaveProperty(
      'reason',
      expect.stringContaining('the handler of UsageFault stays'),
    )
  })

  it('that is none, an interrupt without a handler, is told of', () => {
    const { stop, notes } = executing(
      // ISER, ISPR: interrupt 3.
      new ThumbProgram()
        .emit(constant(1, 0xe000_e100), constant(0, 8), str(0, 1, 0))
        .emit(constant(1, 0xe000_e200), str(0, 1, 0)),
    )
    expect(stop).toEqual({ kind: 'budget' })
    expect(notes).toEqual([
      'endless loop at pc 0x00000200 in the handler of interrupt 3: ' +
        'only an interrupt leads out of it; skipped in virtual time',
    ])
  })
})
