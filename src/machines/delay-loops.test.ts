import { expect, test } from 'vitest'
import * as asm from '../../test/cores/assembler.js'
import { Program, reg } from '../../test/cores/assembler.js'
import { boardNamed } from '../boards/catalogue/index.js'
import { EmulatedBoard } from '../boards/emulated-board.js'
import { InThreadProcessor } from './emulated/in-thread.js'

const { a0, zero } = reg
const BASE = 0x8000_0000
const NE = 1
const CYCLES_PER_MS = 100_000

interface Delay {
  readonly processor: InThreadProcessor
  readonly board: EmulatedBoard
  /** The remote has slept after its delay. */
  readonly over: Promise<void>
  /** Slices so far. */
  slices(): number
}

/** A remote that counts for `milliseconds` and then sleeps for ever. */
function delay(milliseconds: number, deterministic: boolean): Delay {
  const board = new EmulatedBoard(boardNamed('virt-rv32'), { ramSize: 0x1_0000 })
  const program = new Program()
    .emit(...asm.li(a0, (milliseconds * CYCLES_PER_MS) / 2))
    .label('loop')
    .emit(asm.addi(a0, a0, -1))
    .branch(NE, a0, zero, 'loop')
    .emit(asm.wfi)
  board.regions[0].bytes.set(program.bytes())
  let slices = 0
  let end = (): void => {}
  const over = new Promise<void>((resolve) => {
    end = resolve
  })
  const nothing = (): void => {}
  const processor = new InThreadProcessor(board, deterministic, {
    ...{ kicked: nothing, shutdownAcknowledged: nothing, detachAcknowledged: nothing },
    ...{ exited: nothing, crashed: nothing, console: nothing, note: nothing },
    progressed: () => slices++,
    idle: end,
  })
  return { processor, board, over, slices: () => slices }
}

test('a delay of ten seconds is a few slices long, and a timer of the host comes in between', async () => {
  const { processor, board, over, slices } = delay(10_000, true)
  const times: number[] = []
  processor.start(BASE)
  processor.clock.after(2500, 'timer', () => times.push(processor.clock.now()))
  processor.clock.after(7000, 'deadline', () => times.push(processor.clock.now()))
  await over
  expect(times).toEqual([2_500_000_000, 7_000_000_000])
  expect(board.cycle).toBe(10_000 * CYCLES_PER_MS + 3)
  expect(slices()).toBeLessThan(20)
  await processor.close()
})

test('paced, a delay takes its time, in which the machine sleeps', async () => {
  const { processor, board, over, slices } = delay(300, false)
  const begun = performance.now()
  processor.start(BASE)
  await over
  expect(performance.now() - begun).toBeGreaterThanOrEqual(299)
  expect(board.cycle).toBe(300 * CYCLES_PER_MS + 3)
  // Every 10 ms, and a few to begin with.
  expect(slices()).toBeLessThan(60)
  await processor.close()
})
