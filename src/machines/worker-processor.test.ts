import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { virtRv32 } from '../boards/catalogue/virt-rv32.js'
import { MailboxHost } from '../boards/mailbox-state.js'
import type { Processor, ProcessorListener } from '../remoteproc/index.js'
import type { BoardWorkerListener, Command, Report } from './emulated/board-link.js'
import { ControlBlock } from './emulated/control-block.js'
import { SHUTDOWN_BIT } from './emulated/doorbells.js'
import { WorkerProcessor } from './emulated/worker-processor.js'

// The host's side, with the other one played by hand: what a real worker does only by chance.

class FakeWorker {
  readonly listener: BoardWorkerListener
  readonly starts: (Command & { type: 'start' })[] = []
  words: Int32Array = new Int32Array(2)
  control = new ControlBlock()
  keepsAlive = true
  terminated = false

  constructor(listener: BoardWorkerListener) {
    this.listener = listener
  }

  post(command: Command): void {
    if (command.type === 'start') {
      this.starts.push(command)
      return
    }
    this.words = new Int32Array(command.memory.mailbox)
    this.control = new ControlBlock(command.control)
    queueMicrotask(() => this.say({ type: 'ready' }))
  }

  keepAlive(on: boolean): void {
    this.keepsAlive = on
  }

  async terminate(): Promise<void> {
    this.terminated = true
  }

  say(report: Report): void {
    this.listener.report(report)
  }

  /** The remote sets channels towards the host. */
  ring(bits: number): void {
    Atomics.or(this.words, 1, bits)
    if (this.control.ringDoorbell()) this.say({ type: 'doorbell', life: this.control.life })
  }

  get towardsRemote(): number {
    return new MailboxHost(this.words).occupied()
  }
}

const workers = vi.hoisted((): { spawned: FakeWorker[] } => ({ spawned: [] }))
vi.mock('#worker', () => ({
  spawnBoardWorker: (listener: BoardWorkerListener) => {
    const worker = new FakeWorker(listener)
    workers.spawned.push(worker)
    return worker
  },
}))

const registers = { pc: 0x8000_0000, general: [] }

let said: string[] = []
const listener: ProcessorListener = {
  kicked: (notifyId) => said.push(`kicked ${notifyId}`),
  shutdownAcknowledged: () => said.push('shutdown acknowledged'),
  detachAcknowledged: () => said.push('detach acknowledged'),
  progressed: () => {},
  idle: () => said.push('idle'),
  exited: () => said.push('exited'),
  crashed: (reason) => said.push(`crashed: ${reason}`),
  console: () => {},
  note: () => {},
}

let processor: Processor

function worker(): FakeWorker {
  const last = workers.spawned.at(-1)
  if (last === undefined) throw new Error('there is no worker')
  return last
}

beforeEach(async () => {
  said = []
  workers.spawned.length = 0
  processor = await WorkerProcessor.open({ board: virtRv32, ramSize: 4096 }, listener)
})

afterEach(() => {
  vi.useRealTimers()
})

/** @returns the life that has begun */
function start(): number {
  processor.start(0x8000_0000)
  const life = worker().control.life
  worker().say({ type: 'started', life })
  return life
}

test('what is set before the board is reset reaches the mailbox after it', () => {
  processor.start(0x8000_0000)
  processor.kick(0)
  processor.requestShutdown()
  expect(worker().towardsRemote).toBe(0)
  expect(worker().control.shutdownExpected).toBe(false)
  worker().say({ type: 'started', life: worker().control.life })
  expect(worker().towardsRemote).toBe(1 | SHUTDOWN_BIT)
  expect(worker().control.shutdownExpected).toBe(true)
})

test('a kick and a cleared doorbell wake the board', () => {
  start()
  const before = worker().control.sequence
  processor.kick(1)
  expect(worker().control.sequence).not.toBe(before)
  const between = worker().control.sequence
  worker().ring(1 | 2)
  expect(said).toEqual(['kicked 0', 'kicked 1'])
  expect(worker().control.sequence).not.toBe(between)
})

test('one doorbell report is on its way at a time, and none is lost', () => {
  const life = start()
  const { control } = worker()
  expect(control.ringDoorbell()).toBe(true)
  expect(control.ringDoorbell()).toBe(false)
  worker().say({ type: 'doorbell', life })
  expect(control.ringDoorbell()).toBe(true)
})

test('idleness is believed only if the host has done nothing since', () => {
  const life = start()
  const { sequence } = worker().control
  processor.kick(0)
  worker().say({ type: 'idle', life, sequence })
  expect(said).toEqual([])
  worker().say({ type: 'idle', life, sequence: worker().control.sequence })
  expect(said).toEqual(['idle'])
})

test('who begins to wait while the remote is idle is told, later and once', async () => {
  const life = start()
  worker().say({ type: 'idle', life, sequence: worker().control.sequence })
  said = []
  processor.wake()
  processor.wake()
  expect(said).toEqual([])
  await new Promise((resolve) => setImmediate(resolve))
  expect(said).toEqual(['idle'])
  processor.wake()
  processor.kick(0)
  await new Promise((resolve) => setImmediate(resolve))
  expect(said).toEqual(['idle'])
})

test('a remote is not idle for ever while a timer of the host is pending', async () => {
  const life = start()
  const cancel = processor.clock.after(60_000, 'timer', () => {})
  worker().say({ type: 'idle', life, sequence: worker().control.sequence })
  expect(said).toEqual([])
  cancel()
  await new Promise((resolve) => setImmediate(resolve))
  expect(said).toEqual(['idle'])
})

test('what an earlier life has left on its way is not heard', async () => {
  const first = start()
  const stopped = processor.stop()
  worker().say({ type: 'doorbell', life: first })
  worker().say({ type: 'ended', life: first, end: { kind: 'stopped' }, registers })
  await stopped
  const second = start()
  worker().say({ type: 'shutdown acknowledged', life: first })
  worker().say({ type: 'ended', life: first, end: { kind: 'exited' }, registers })
  expect(said).toEqual([])
  worker().say({ type: 'ended', life: second, end: { kind: 'exited' }, registers })
  expect(said).toEqual(['exited'])
})

test('stop waits for the worker to leave its run loop', async () => {
  const life = start()
  let stopped = false
  const stopping = processor.stop().then(() => {
    stopped = true
  })
  const again = processor.stop()
  expect(worker().control.life).toBe(0)
  await new Promise((resolve) => setImmediate(resolve))
  expect(stopped).toBe(false)
  expect(worker().keepsAlive).toBe(true)
  const fault = { kind: 'failure' } as const
  const end = { kind: 'crashed', reason: 'too late', fault } as const
  worker().say({ type: 'ended', life, end, registers })
  await Promise.all([stopping, again])
  expect(worker().keepsAlive).toBe(false)
  expect(said).toEqual([])
})

test('a worker that does not answer is terminated, and the next start makes a new one', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  start()
  const stopping = processor.stop()
  await vi.advanceTimersByTimeAsync(999)
  expect(worker().terminated).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  await stopping
  expect(worker().terminated).toBe(true)
  const late = worker()
  start()
  expect(workers.spawned.length).toBe(2)
  expect(worker().starts.length).toBe(1)
  late.say({ type: 'ended', life: worker().control.life, end: { kind: 'exited' }, registers })
  expect(said).toEqual([])
})

test('a worker that fails is a crash, and the next start makes a new one', () => {
  start()
  worker().listener.failed('out of memory')
  expect(said).toEqual(['crashed: the worker thread of the board failed: out of memory'])
  start()
  expect(workers.spawned.length).toBe(2)
})

test('a worker that fails while the board is stopped is replaced without a word', async () => {
  worker().listener.failed('it ended with code 1')
  expect(said).toEqual([])
  start()
  const stopping = processor.stop()
  worker().listener.failed('it ended with code 1')
  await stopping
  expect(said).toEqual([])
  expect(workers.spawned.length).toBe(2)
})

test('close terminates the worker, and asks for nothing more', async () => {
  const life = start()
  const closing = processor.close()
  worker().say({ type: 'ended', life, end: { kind: 'stopped' }, registers })
  await closing
  expect(worker().terminated).toBe(true)
  worker().listener.failed('it ended with code 1')
  expect(said).toEqual([])
})
