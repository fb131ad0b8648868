import { expect, test } from 'vitest'
import type { Processor, ProcessorListener } from '../../dist/index.js'
import { emulated } from '../../dist/machines/index.js'

// The processor by itself, with programs of a few instructions instead of firmware.

const RAM = 0x8000_0000
const RAM_SIZE = 0x1_0000

const counting = [
  0x1800_02b7, // lui  t0, 0x18000      shared window
  0x0013_0313, // addi t1, t1, 1
  0x0062_a023, // sw   t1, 0(t0)
  0xff9f_f06f, // j    -8
]

const talking = [
  0x0200_02b7, // lui  t0, 0x2000       CLINT
  0x1002_a303, // lw   t1, 0x100(t0)    a register that it does not have
  0x1000_02b7, // lui  t0, 0x10000      UART
  0x0680_0313, // li   t1, 'h'
  0x0062_8023, // sb   t1, 0(t0)
  0x0690_0313, // li   t1, 'i'
  0x0062_8023, // sb   t1, 0(t0)
  0x0010_03b7, // lui  t2, 0x100        finisher
  0x0000_5437, // li   s0, 0x5555
  0x5554_0413,
  0x0083_a023, // sw   s0, 0(t2)
  0x0000_006f, // j    0
]

function load(processor: Processor, program: readonly number[]): void {
  const { region } = processor.space.locate('da', RAM, 4 * program.length, 'program')
  program.forEach((word, i) => {
    region.setU32(4 * i, word)
  })
}

function open(overrides: Partial<ProcessorListener>): Promise<Processor> {
  const silent = (): void => {}
  return emulated({ worker: true, ramSize: RAM_SIZE }).open({
    kicked: silent,
    shutdownAcknowledged: silent,
    detachAcknowledged: silent,
    progressed: silent,
    idle: silent,
    exited: silent,
    crashed: silent,
    console: silent,
    note: silent,
    ...overrides,
  })
}

const nextTask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a remote that is stopped touches memory no more, and starts from the beginning', async () => {
  let progressed = (): void => {}
  const processor = await open({ progressed: () => progressed() })
  try {
    load(processor, counting)
    for (let life = 0; life < 5; life++) {
      processor.shared.setU32(0, 0)
      const running = new Promise<void>((resolve) => {
        progressed = resolve
      })
      processor.start(RAM)
      await running
      await processor.stop()
      const count = processor.shared.getU32(0)
      expect(count).toBeGreaterThan(0)
      for (let i = 0; i < 1000; i++) await nextTask()
      expect(processor.shared.getU32(0)).toBe(count)
    }
  } finally {
    await processor.close()
  }
})

test('what the remote says comes in the order in which it said it', async () => {
  const said: string[] = []
  const exited = new Promise<void>((resolve) => {
    const processor = open({
      console: (bytes) => said.push(`console: ${new TextDecoder().decode(bytes)}`),
      note: () => said.push('note'),
      exited: () => {
        said.push('exited')
        void processor.then((opened) => opened.close()).then(resolve)
      },
    })
    void processor.then((opened) => {
      load(opened, talking)
      opened.start(RAM)
    })
  })
  await exited
  expect(said).toEqual(['note', 'console: hi', 'exited'])
})

test('stop and close may come at any time', async () => {
  const processor = await open({})
  await processor.stop()
  load(processor, counting)
  processor.start(RAM)
  processor.kick(0)
  await Promise.all([processor.stop(), processor.stop()])
  processor.start(RAM)
  await Promise.all([processor.close(), processor.close()])
  await processor.close()
})

test('virtual time does not run ahead of the wall clock', async () => {
  let progressed = (): void => {}
  const processor = await open({ progressed: () => progressed() })
  try {
    load(processor, counting)
    const start = performance.now()
    processor.start(RAM)
    for (let i = 0; i < 5; i++) {
      await new Promise<void>((resolve) => {
        progressed = resolve
      })
      // Three instructions a round, 10 ns each.
      const virtual = processor.shared.getU32(0) * 3 * 1e-5
      expect(virtual).toBeLessThan(performance.now() - start + 0.1)
    }
  } finally {
    await processor.close()
  }
})
