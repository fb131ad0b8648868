import { expect, test } from 'vitest'
import type { Board, BoardStop } from '../boards/board.js'
import { Region } from '../memory/region.js'
import type { ProcessorListener } from '../remoteproc/index.js'
import { InThreadProcessor } from './emulated/in-thread.js'

/** A board that plays the given stops, one a run, and is idle for ever after them. */
class PlayedBoard implements Board {
  readonly name = 'played'
  readonly architecture = { machine: 243, bits: 32 } as const
  readonly shared = new Region({ name: 'shared', da: 0x1000, size: 0x1000 })
  readonly regions = [this.shared]
  readonly headStart = undefined
  readonly cyclesPerSecond = 1_000_000
  readonly pc = 0
  readonly core = { pc: 0, registers: [] }
  readonly fault = undefined
  readonly quietUntil = 0
  waitedAt = 0
  readonly stops: BoardStop[]
  runs = 0
  resets = 0
  cycle = 0
  #toRemote = 0
  mailbox = {
    set: (bits: number) => {
      this.#toRemote |= bits
      return 0
    },
    received: () => 0,
    clear: () => {},
    occupied: () => this.#toRemote,
  }
  onConsole: (byte: number) => void = () => {}
  onNote: (access: string) => void = () => {}
  onRun: () => void = () => {}

  constructor(...stops: BoardStop[]) {
    this.stops = stops
  }

  reset(): void {
    this.resets++
    this.cycle = 0
  }

  run(_untilCycle: number): BoardStop {
    this.runs++
    this.onRun()
    return this.stops.shift() ?? { kind: 'idle', until: Number.POSITIVE_INFINITY }
  }

  skipTo(cycle: number): void {
    this.cycle = cycle
  }
}

function listen(listener: Partial<ProcessorListener>): ProcessorListener {
  const nothing = (): void => {}
  return {
    kicked: nothing,
    shutdownAcknowledged: nothing,
    detachAcknowledged: nothing,
    progressed: nothing,
    idle: nothing,
    exited: nothing,
    crashed: nothing,
    console: nothing,
    note: nothing,
    ...listener,
  }
}

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

test.each([true, false])(
  'a kick from within the news that the remote is idle wakes it, deterministic: %s',
  async (deterministic) => {
    const board = new PlayedBoard()
    let runs = 0
    const processor = new InThreadProcessor(
      board,
      deterministic,
      listen({
        idle: () => {
          if (runs === 0) processor.kick(0)
          runs = board.runs
        },
      }),
    )
    processor.start(0)
    await turns(10)
    expect(runs).toBe(2)
    await processor.close()
  },
)

test('virtual time stands still from the call of admit on, wherever it is called', async () => {
  const board = new PlayedBoard({ kind: 'idle', until: 500 })
  let settle = (): void => {}
  const input = new Promise<void>((resolve) => {
    settle = resolve
  })
  let admitted: Promise<void> | undefined
  const processor = new InThreadProcessor(
    board,
    true,
    listen({
      progressed: () => {
        admitted ??= processor.admit(input)
      },
    }),
  )
  processor.start(0)
  await turns(5)
  expect([processor.clock.now(), board.cycle]).toEqual([0, 0])
  board.stops.push({ kind: 'idle', until: 500 })
  settle()
  await admitted
  await turns(5)
  expect([processor.clock.now(), board.cycle]).toEqual([500_000, 500])
  await processor.close()
})

test('virtual time does not move on before the host has done what a slice set going', async () => {
  const board = new PlayedBoard({ kind: 'idle', until: 500 })
  let progress = (): void => {}
  const progressed = new Promise<void>((resolve) => {
    progress = resolve
  })
  const processor = new InThreadProcessor(board, true, listen({ progressed: () => progress() }))
  processor.start(0)
  await progressed
  // A promise away from the slice; a jump to the timer would have come before.
  void processor.admit(new Promise(() => {}))
  await turns(5)
  expect([processor.clock.now(), board.cycle]).toEqual([0, 0])
  await processor.close()
})

test.each([true, false])(
  'one pump runs after stop and start in one go, whatever the old one was at, deterministic: %s',
  async (deterministic) => {
    for (const between of [0, 1, 2, 3, 4]) {
      const board = new PlayedBoard({ kind: 'idle', until: 100_000 })
      board.stops.push({ kind: 'idle', until: 200_000 })
      const processor = new InThreadProcessor(board, deterministic, listen({}))
      processor.start(0)
      await turns(between)
      board.stops.length = 0
      void processor.stop()
      processor.start(0)
      await turns(10)
      const { runs, cycle } = board
      // The new pump sleeps, and the old one is gone; the clock of the new life is its own.
      await turns(10)
      expect({ runs: board.runs - runs, cycle }).toEqual({ runs: 0, cycle: 0 })
      await processor.close()
    }
  },
)

test('a slice that is stopped from within leaves nothing for the next life', async () => {
  const board = new PlayedBoard({ kind: 'exited' })
  let exits = 0
  const processor = new InThreadProcessor(
    board,
    true,
    listen({
      progressed: () => {},
      console: () => {
        void processor.stop()
        processor.start(0)
      },
      exited: () => exits++,
    }),
  )
  board.onRun = () => {
    if (board.runs === 1) board.onConsole(65)
  }
  processor.start(0)
  await turns(10)
  expect({ exits, resets: board.resets }).toEqual({ exits: 0, resets: 2 })
  await processor.close()
})

test('a deadline that is set while the remote sleeps is kept, though it sleeps for long', async () => {
  const board = new PlayedBoard()
  const later: BoardStop = { kind: 'idle', until: 1e12 }
  board.stops.push(later, later, later)
  const processor = new InThreadProcessor(board, false, listen({}))
  processor.start(0)
  await turns(10)
  await new Promise<void>((resolve) => {
    processor.clock.after(5, 'deadline', resolve)
  })
  expect(board.runs).toBeLessThanOrEqual(3)
  await processor.close()
})

/** A board that wakes every millisecond, and does nothing else. */
class TickingBoard extends PlayedBoard {
  readonly ticks: number[] = []
  onTick: (ticks: number) => void = () => {}
  #next = 1000

  override run(untilCycle: number): BoardStop {
    this.runs++
    while (this.#next < untilCycle) {
      this.cycle = this.#next
      this.#next += 1000
      this.ticks.push(this.cycle)
      this.onTick(this.ticks.length)
    }
    return { kind: 'idle', until: this.#next }
  }
}

test('a paced remote that only ticks makes up for many ticks at once, each at its own time', async () => {
  const board = new TickingBoard()
  const processor = new InThreadProcessor(board, false, listen({}))
  const ticked = new Promise<void>((resolve) => {
    board.onTick = (ticks) => ticks === 800 && resolve()
  })
  processor.start(0)
  await ticked
  const { runs } = board
  await processor.close()
  expect(board.ticks.slice(0, 800)).toEqual(Array.from({ length: 800 }, (_, i) => 1000 * (i + 1)))
  // One of 40 is run on its own at the end, each of them at the beginning.
  expect(runs).toBeLessThan(400)
})

test('a remote that is heard of all the time is run for each of its ticks', async () => {
  const board = new TickingBoard()
  let runs = 0
  const processor = new InThreadProcessor(board, false, listen({ progressed: () => runs++ }))
  const late: number[] = []
  const ticked = new Promise<void>((resolve) => {
    board.onTick = (ticks) => {
      board.onConsole(65)
      // Cycles that the clock of the host is ahead of the tick: more than a slice only if it was left to itself.
      late.push(processor.clock.now() / 1000 - board.cycle)
      if (ticks === 200) resolve()
    }
  })
  processor.start(0)
  await ticked
  await processor.close()
  expect(Math.max(...late)).toBeLessThanOrEqual(1000)
})

test('a timer of the host is not early, however far behind the remote was left', async () => {
  const board = new TickingBoard()
  const processor = new InThreadProcessor(board, false, listen({}))
  const quiet = new Promise<void>((resolve) => {
    board.onTick = (ticks) => ticks === 400 && resolve()
  })
  processor.start(0)
  await quiet
  for (let i = 0; i < 5; i++) {
    const begun = performance.now()
    await new Promise<void>((resolve) => {
      setTimeout(() => processor.clock.after(20, 'timer', resolve), 15)
    })
    // 15 and 20, but for the jitter of timers; a clock that stood where the remote had been left would have run out after 15 already.
    expect(performance.now() - begun).toBeGreaterThan(30)
  }
  await processor.close()
})
