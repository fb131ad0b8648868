import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import { expect, test } from 'vitest'
import { virtRv32 } from '../boards/catalogue/virt-rv32.js'
import { EmulatedBoard } from '../boards/emulated-board.js'
import { Debugging } from '../machines/emulated/debugging.js'
import { gdbServer } from './listen-node.js'
import { frame, PACKET_SIZE } from './packet.js'

/** A server with one remote, a debugger's connection to it, and the server's end of that. */
async function connection() {
  const gdb = await gdbServer({ port: 0 })
  const board = new EmulatedBoard(virtRv32, { ramSize: 0x1_0000 })
  if (board.debug === undefined) throw new Error('the board has no debugger’s side')
  gdb.add(new Debugging(board, board.debug, true, { resumed() {}, wake() {}, crash() {} }))
  let served: Socket | undefined
  const accepted = (message: unknown): void => {
    const socket = typeof message === 'object' && message && 'socket' in message && message.socket
    if (socket instanceof Socket) served = socket
  }
  subscribe('net.server.socket', accepted)
  const debuggerEnd = connect(gdb.port, '127.0.0.1')
  await once(debuggerEnd, 'connect')
  while (served === undefined) await turn()
  unsubscribe('net.server.socket', accepted)
  return { gdb, debuggerEnd, served }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a debugger that asks on without reading the answers takes no memory, and misses nothing', async () => {
  const { gdb, debuggerEnd, served } = await connection()
  const count = 600
  const asked = Buffer.concat(Array.from({ length: count }, () => frame('m80000000,2000')))
  debuggerEnd.write(asked)
  // Until it stands still for want of a reader.
  while (!served.writableNeedDrain) await turn()
  for (let turns = 0; turns < 100; turns++) await turn()
  let most = served.writableLength
  let received = 0
  for await (const bytes of debuggerEnd) {
    received += bytes.filter((byte: number) => byte === 0x24).length
    most = Math.max(most, served.writableLength)
    if (received === count) break
  }
  expect(most).toBeLessThan(80 * PACKET_SIZE)
  await gdb.close()
})
