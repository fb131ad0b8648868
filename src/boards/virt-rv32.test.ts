import { describe, expect, it } from 'vitest'
import * as asm from '../../test/cores/assembler.js'
import { csr, Program, reg } from '../../test/cores/assembler.js'
import type { BoardStop } from './board.js'
import { virtRv32 } from './catalogue/virt-rv32.js'
import { EmulatedBoard } from './emulated-board.js'

const { a0, a1, t0, t1, t2, zero } = reg
const UART = 0x1000_0000
const CLINT = 0x0200_0000
const PLIC = 0x0c00_0000
const MAILBOX = 0x1100_0000
const C2CR = 0x10
const C2MR = 0x14
const C2SCR = 0x18
const FINISHER = 0x0010_0000
const FOREVER = 1_000_000

function boardWith(program: Program, options = {}): EmulatedBoard {
  const board = new EmulatedBoard(virtRv32, options)
  board.regions[0].bytes.set(program.bytes())
  board.reset(program.base)
  return board
}

/** Words of RAM, `offset` bytes from its start. */
function wordsOf(board: EmulatedBoard, offset: number, count: number): Uint32Array {
  const { buffer, byteOffset } = board.regions[0].bytes
  return new Uint32Array(buffer, byteOffset + offset, count)
}

/** Stores a constant into a device register. */
function poke(program: Program, address: number, value: number): Program {
  return program.emit(...asm.li(t0, address), ...asm.li(t1, value), asm.sw(t1, t0, 0))
}

function powerOff(program: Program): Program {
  return poke(program, FINISHER, 0x5555)
}

/** Runs in slices, as a host does, and skips the clock where the board is idle. */
function runInSlices(board: EmulatedBoard, slice: number, until: number): BoardStop {
  for (;;) {
    const stop = board.run(Math.min(until, board.cycle + slice))
    if (stop.kind === 'budget' && board.cycle < until) continue
    if (stop.kind === 'idle' && stop.until < until) board.skipTo(stop.until)
    else if (stop.kind !== 'doorbell') return stop
  }
}

describe('a program on the board', () => {
  it('writes to the console and powers itself off', () => {
    const program = new Program().emit(...asm.li(t0, UART))
    for (const byte of Buffer.from('hi\n')) {
      program.emit(asm.addi(t1, zero, byte), asm.sb(t1, t0, 0))
    }
    const board = boardWith(powerOff(program))
    let text = ''
    board.onConsole = (byte) => {
      text += String.fromCharCode(byte)
    }
    expect(board.run(FOREVER)).toEqual({ kind: 'exited' })
    expect(text).toBe('hi\n')
    expect(board.run(FOREVER)).toEqual({ kind: 'exited' })
  })

  it('is reported as crashed with its code when it fails', () => {
    const board = boardWith(poke(new Program(), FINISHER, (7 << 16) | 0x3333))
    expect(board.run(FOREVER)).toEqual({
      kind: 'crashed',
      reason: 'the remote failed with code 7 at pc 0x80000010',
    })
  })

  it('is reported as crashed with the first trap when it runs into nothing', () => {
    const board = boardWith(new Program())
    expect(board.run(FOREVER)).toEqual({
      kind: 'crashed',
      reason: 'illegal instruction 0x00000000 at pc 0x80000000',
    })
  })

  it('is reported as crashed with the address that it could not load from', () => {
    const board = boardWith(new Program().emit(...asm.li(t0, 0x4000_0010), asm.lw(t1, t0, 4)))
    expect(board.run(FOREVER)).toEqual({
      kind: 'crashed',
      reason: 'load access fault at pc 0x80000008, address 0x40000014',
    })
  })

  it('learns of registers that nobody modelled once each, and they keep what is written', () => {
    const program = new Program()
    poke(program, CLINT + 0x100, 0x1234)
    poke(program, CLINT + 0x100, 0x5678)
    program.emit(asm.lw(a0, t0, 0))
    const board = boardWith(powerOff(program))
    const log: string[] = []
    board.onNote = (access) => log.push(access)
    board.run(FOREVER)
    expect(log).toEqual(['CLINT: register 0x100 written first, with 0x1234'])
    expect(board.registers[a0]).toBe(0x5678)
  })
})

/** Counts timer interrupts every 100 ticks into a0, and notes mcycle at each in memory. */
function ticking(count: number): Program {
  const program = new Program()
  program.la(t0, 'handler').emit(asm.csrrw(zero, csr.mtvec, t0))
  program.emit(...asm.li(a1, 0x8001_0000))
  poke(program, CLINT + 0x4004, 0)
  poke(program, CLINT + 0x4000, 100)
  program.emit(...asm.li(t0, 0x80), asm.csrrs(zero, csr.mie, t0), asm.csrrsi(zero, csr.mstatus, 8))
  program.label('loop').emit(asm.addi(t2, t2, 1), asm.typeI(0x13, 7, t1, t2, 0x40))
  program.branch(0, t1, zero, 'loop').emit(asm.wfi).jump('loop')
  program.align(4).label('handler')
  program.emit(asm.csrrs(t1, csr.mcycle, zero), asm.sw(t1, a1, 0), asm.addi(a1, a1, 4))
  program.emit(...asm.li(t0, CLINT + 0x4000), asm.lw(t1, t0, 0), asm.addi(t1, t1, 100))
  program.emit(asm.sw(t1, t0, 0), asm.addi(a0, a0, 1), asm.addi(t1, zero, count))
  program.branch(4, a0, t1, 'back')
  powerOff(program).label('back').emit(asm.mret)
  return program
}

describe('time', () => {
  it('raises the timer interrupt in exactly the cycle in which mtime reaches mtimecmp', () => {
    const board = boardWith(ticking(3))
    expect(board.run(FOREVER)).toEqual({ kind: 'exited' })
    const words = wordsOf(board, 0x1_0000, 3)
    expect([...words]).toEqual([1000, 2000, 3000])
  })

  it('does not depend on how a run is cut into slices', () => {
    const results = [1, 3, 7, 10, 1000, FOREVER].map((slice) => {
      const board = boardWith(ticking(20))
      const stop = runInSlices(board, slice, FOREVER)
      return [stop, board.cycle, board.pc, board.registers, ...wordsOf(board, 0x1_0000, 20)]
    })
    for (const result of results) expect(result).toEqual(results[0])
  })

  it('stands still where the remote waits for something that no timer brings', () => {
    const board = boardWith(new Program().emit(asm.nop, asm.wfi, asm.nop))
    expect(board.run(FOREVER)).toEqual({ kind: 'idle', until: Number.POSITIVE_INFINITY })
    expect(board.cycle).toBe(2)
  })

  it('tells when the next timer event is, if that is beyond the end of the run', () => {
    const program = poke(poke(new Program(), CLINT + 0x4004, 0), CLINT + 0x4000, 500)
    program.emit(...asm.li(t0, 0x80), asm.csrrs(zero, csr.mie, t0), asm.wfi)
    const board = boardWith(powerOff(program))
    expect(board.run(4999)).toEqual({ kind: 'idle', until: 5000 })
    expect(board.cycle).toBe(14)
    board.skipTo(4000)
    expect(board.run(4999)).toEqual({ kind: 'idle', until: 5000 })
    expect(board.run(FOREVER)).toEqual({ kind: 'exited' })
    expect(board.cycle).toBe(5005)
  })
})

describe('the mailbox', () => {
  /** Enables both mailbox interrupts in the PLIC and the core; the handler is at 'handler'. */
  function listening(source: number, control: number, mask: number): Program {
    const program = new Program()
    program.la(t0, 'handler').emit(asm.csrrw(zero, csr.mtvec, t0))
    poke(program, PLIC + 4 * source, 1)
    poke(program, PLIC + 0x2004, 1 << (source - 32))
    poke(program, MAILBOX + C2MR, mask)
    poke(program, MAILBOX + C2CR, control)
    program.emit(
      ...asm.li(t0, 0x800),
      asm.csrrs(zero, csr.mie, t0),
      asm.csrrsi(zero, csr.mstatus, 8),
    )
    program.label('loop').emit(asm.wfi).jump('loop')
    program.align(4).label('handler')
    program.emit(...asm.li(t0, PLIC + 0x20_0004), asm.lw(a1, t0, 0), asm.addi(a0, a0, 1))
    return program
  }

  /** Counts receive interrupts in a0 and clears channel 1 in each. */
  function receiving(): Program {
    const program = listening(36, 1, 0x3f_003e)
    poke(program, MAILBOX + C2SCR, 1)
    program.emit(...asm.li(t0, PLIC + 0x20_0004), asm.sw(a1, t0, 0), asm.mret)
    return program
  }

  it('wakes the remote when the host sets a channel', () => {
    const board = boardWith(receiving())
    expect(board.run(FOREVER).kind).toBe('idle')
    expect(board.mailbox.set(1)).toBe(0)
    expect(board.mailbox.occupied()).toBe(1)
    expect(board.run(FOREVER).kind).toBe('idle')
    expect(board.mailbox.occupied()).toBe(0)
    expect(board.registers[a0]).toBe(1)
    expect(board.registers[a1]).toBe(36)
  })

  it('delivers a kick on an occupied channel again after the remote has cleared it', () => {
    const board = boardWith(receiving())
    board.run(FOREVER)
    board.mailbox.set(1)
    expect(board.mailbox.set(1)).toBe(1)
    board.run(FOREVER)
    expect(board.registers[a0]).toBe(2)
    expect(board.mailbox.occupied()).toBe(0)
  })

  it('leaves the remote asleep on a channel that it has masked', () => {
    const board = boardWith(receiving())
    board.run(FOREVER)
    board.mailbox.set(2)
    board.run(FOREVER)
    expect(board.registers[a0]).toBe(0)
    expect(board.mailbox.occupied()).toBe(2)
  })

  it('ends the run when the remote sets a free channel, and only then', () => {
    const program = new Program()
    for (let i = 0; i < 2; i++) poke(program, MAILBOX + C2SCR, 1 << 16)
    const board = boardWith(powerOff(program))
    expect(board.run(FOREVER)).toEqual({ kind: 'doorbell' })
    expect(board.cycle).toBe(5)
    expect(board.mailbox.received()).toBe(1)
    expect(board.run(FOREVER)).toEqual({ kind: 'exited' })
    board.mailbox.clear(1)
    expect(board.mailbox.received()).toBe(0)
  })

  it('tells the remote that the host has freed a channel', () => {
    const program = listening(37, 1 << 16, 0x3f_003f & ~(1 << 17))
    poke(program, MAILBOX + C2MR, 0x3f_003f)
    program.emit(...asm.li(t0, PLIC + 0x20_0004), asm.sw(a1, t0, 0), asm.mret)
    const board = boardWith(program)
    board.mailbox.clear(0x3f)
    board.run(5)
    const state = new Int32Array(board.memory.mailbox)
    state[1] = 2 // as the remote has set channel 2
    expect(board.run(FOREVER).kind).toBe('idle')
    expect(board.registers[a0]).toBe(0)
    board.mailbox.clear(2)
    board.run(FOREVER)
    expect(board.registers[a0]).toBe(1)
    expect(board.registers[a1]).toBe(37)
  })
})
