// Runs inside the guest: the emulated board virt-rv32, played on the memory that the kernel's remoteproc
// core owns (modules/openamp_board.c says what is read and written). In the folder of its first argument
// it makes the file `powered-off` when the remote has powered itself off.
import { openSync, read, writeFileSync, writeSync } from 'node:fs'
import koffi from 'koffi'
import { virtRv32 } from '../../../dist/boards/catalogue/virt-rv32.js'
import { EmulatedBoard } from '../../../dist/boards/emulated-board.js'
import { MAILBOX_WORDS } from '../../../dist/boards/mailbox-state.js'
import { InThreadProcessor } from '../../../dist/machines/emulated/in-thread.js'

const EVENT_START = 1
const EVENT_STOP = 2
const COMMAND_INTERRUPT = 1
const COMMAND_STOPPED = 2
const COMMAND_CRASHED = 3

const device = openSync('/dev/openamp-board', 'r+')

const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const mmap: (...numbers: number[]) => number = koffi
  .load(null)
  .func('intptr_t mmap(intptr_t, size_t, int, int, int, int64_t)')

function map(offset: number, size: number): ArrayBuffer {
  const address = mmap(0, size, PROT_READ_WRITE, MAP_SHARED, device, offset)
  if (address === -1) throw new Error(`mapping of the board's memory: error ${koffi.errno()}`)
  return koffi.view(BigInt(address), size)
}

function command(what: number, argument = 0): void {
  writeSync(device, new Uint8Array(new Uint32Array([what, argument]).buffer))
}

// The kernel has the board's memories one after the other.
let mapped = 0
const regions = virtRv32.memory.map(({ size }) => {
  const buffer = map(mapped, size)
  mapped += size
  return { buffer, offset: 0 }
})
const mailbox = new ArrayBuffer(4 * MAILBOX_WORDS)
const board = new EmulatedBoard(virtRv32, { memory: { wasm: undefined, regions, mailbox } })

const processor = new InThreadProcessor(board, false, {
  kicked: (notifyId) => command(COMMAND_INTERRUPT, notifyId),
  crashed: (reason) => {
    console.log(`board: crashed: ${reason}`)
    command(COMMAND_CRASHED)
  },
  // The kernel sees neither: a remote that is silent looks to it like one that has nothing to say.
  exited: () => writeFileSync(`${process.argv[2]}/powered-off`, ''),
  idle: () => {},
  progressed: () => {},
  shutdownAcknowledged: () => {},
  detachAcknowledged: () => {},
  console: (bytes) => process.stdout.write(bytes),
  note: (text) => console.log(`board: ${text}`),
})

/** What has happened since the last look: struct board_event. */
function nextEvent(): Promise<DataView> {
  const event = Buffer.alloc(16)
  return new Promise((resolve, reject) => {
    read(device, event, 0, event.length, null, (error) => {
      if (error) reject(error)
      else resolve(new DataView(event.buffer, event.byteOffset, event.length))
    })
  })
}

console.log('board: ready')
for (;;) {
  const event = await nextEvent()
  const what = event.getUint32(0, true)
  if ((what & EVENT_STOP) !== 0) {
    await processor.stop()
    command(COMMAND_STOPPED)
  }
  if ((what & EVENT_START) !== 0) {
    board.mailbox.reset()
    processor.start(event.getUint32(8, true))
  }
  const kicks = event.getUint32(4, true)
  for (let id = 0; id < 32; id++) if ((kicks & (1 << id)) !== 0) processor.kick(id)
}
