import { describe, expect, it } from 'vitest'
import { virtRv32 } from '../boards/catalogue/virt-rv32.js'
import { EmulatedBoard } from '../boards/emulated-board.js'
import { Debugging } from '../machines/emulated/debugging.js'
import { frame, PACKET_SIZE } from './packet.js'
import { GdbServer } from './server.js'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))

/** A server with one remote, halted at its start, and what comes back of what is sent to it. */
function session() {
  const board = new EmulatedBoard(virtRv32, { ramSize: 0x1000 })
  const server = new GdbServer(true)
  const host = { resumed() {}, wake() {}, crash() {} }
  const target = new Debugging(board, board.debug ?? fail(), true, host)
  server.add(target)
  target.started()
  let sent = ''
  const { receive, close } = server.connect((out) => {
    sent += String.fromCharCode(...out)
  })
  /** The data of the packets that come in answer to those of `packets`. */
  const ask = async (...packets: readonly (string | Uint8Array)[]): Promise<string[]> => {
    sent = ''
    for (const packet of packets) receive(typeof packet === 'string' ? frame(packet) : packet)
    await new Promise((resolve) => setTimeout(resolve, 0))
    return [...sent.matchAll(/\$([^#]*)#../g)].map(([, data = '']) => data)
  }
  return { ask, target, close, sent: () => sent, board }
}

function fail(): never {
  throw new Error('the board has no debugger’s side')
}

describe('a debugger that lies', () => {
  it.each([
    ['a length beyond the address space', 'mffffffff,2', 'E01'],
    ['an address beyond it', 'm1ffffffffffffffff,4', 'E01'],
    ['a negative length', 'm80000000,-1', 'E01'],
    ['no length', 'm80000000', 'E01'],
    ['memory where there is none', 'm40000000,4', 'E0e'],
    ['data of another length than it says', 'M80000000,4:00', 'E01'],
    ['data that is no hexadecimal', 'M80000000,1:zz', 'E01'],
    ['data for where there is nothing', 'X40000000,1:a', 'E0e'],
    ['a register that there is not', 'pffff', 'E0e'],
    ['a register of no number', 'pxyz', 'E01'],
    ['a value of another size', 'P1=00', 'E0e'],
    ['registers of another size', 'G00', 'E01'],
    ['a breakpoint of an unknown kind', 'Z9,80000000,4', ''],
    ['a breakpoint without a place', 'Z0', 'E01'],
    ['a condition shorter than it says', 'Z0,80000000,4;X3,2201', 'E01'],
    ['a condition that is no hexadecimal', 'Z0,80000000,4;X1,zz', 'E01'],
    ['a condition of no length', 'Z0,80000000,4;X', 'E01'],
    ['a process that there is not', 'vAttach;7', 'E03'],
    ['a thread that there is not', 'Hgp7.1', 'E03'],
    ['a thread of no number', 'Hgx', 'E01'],
    ['an action that there is not', 'vCont;x:1', 'E01'],
    ['nobody to go on', 'vCont;c:7', 'E03'],
    ['a command that is no hexadecimal', 'qRcmd,abc', 'E01'],
    ['a packet that nobody knows', 'vNothing;1', ''],
    ['nothing', '', ''],
  ])('gets an error for %s, and nothing else happens', async (_, packet, answer) => {
    const { ask, target } = session()
    expect(await ask(packet)).toEqual([answer])
    expect(target.halt).toEqual({ kind: 'started' })
    expect(await ask('?')).toEqual(['T05thread:1;'])
  })

  it('is asked again for what was garbled', async () => {
    const { ask, sent } = session()
    expect(await ask(bytes('$g#00'))).toEqual([])
    expect(sent()).toBe('-')
    expect(await ask(bytes('$g#zz'), bytes('$$?#3f'))).toEqual(['T05thread:1;'])
  })

  it('gets an error for what is too long, which is not held', async () => {
    const { ask } = session()
    const long = frame(`M80000000,8000:${'0'.repeat(2 * PACKET_SIZE)}`)
    expect(await ask(long, 'p20')).toEqual(['E01', '00000080'])
  })

  it('is read however its bytes are cut, and what lies between packets is nothing', async () => {
    const { ask } = session()
    const cut = [...frame('p20'), ...bytes('+xyz+'), ...frame('p20')]
    expect(await ask(...cut.map((byte) => Uint8Array.of(byte)))).toEqual(['00000080', '00000080'])
  })

  it('is sent the last answer once, however often it asks for it in one go', async () => {
    const { ask } = session()
    await ask('p20')
    expect(await ask(bytes('-'.repeat(5000)))).toEqual(['00000080'])
    expect(await ask(bytes('-'), bytes('-'))).toEqual(['00000080', '00000080'])
  })

  it('leaves the remote running when it goes in the middle of something', async () => {
    const { ask, target, close } = session()
    await ask('Z0,80000000,4', bytes('$m8000'))
    close()
    expect(target.halt).toBeUndefined()
    expect(target.core.control.active).toBe(false)
  })
})

it('what is written is read', async () => {
  const { ask } = session()
  expect(await ask('M80000001,3:abcdef', 'm80000000,5', 'm80000ffe,8')).toEqual([
    ...['OK', '00abcdef00', '0000'],
  ])
  expect(await ask('Pa=78563412', 'pa')).toEqual(['OK', '78563412'])
})
