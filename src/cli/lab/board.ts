// Runs inside the guest: an emulated board, played on the memory that the kernel's remoteproc core owns (lab/kernel/modules/openamp_board.c says what is read and written). It tells in lines what the
// remote's console says and what comes of the remote.
import { openSync, read, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { EmulatedBoard } from '../../boards/emulated-board.js'
import { MAILBOX_WORDS } from '../../boards/mailbox-state.js'
import { parseBoard } from '../../boards/read-board.js'
import { InThreadProcessor } from '../../machines/emulated/in-thread.js'
import {
  loadLibc,
  MAP_SHARED,
  PROT_READ_WRITE,
  systemError,
} from '../../machines/native/libc-node.js'
import { harmless, LineBuffer } from '../terminal.js'
import { layoutOf } from './layout.js'

const EVENT_START = 1
const EVENT_STOP = 2
const COMMAND_INTERRUPT = 1
const COMMAND_STOPPED = 2
const COMMAND_CRASHED = 3

const libc = await loadLibc('the emulated board')
const device = openSync('/dev/openamp-board', 'r+')

function map(offset: number, size: number): ArrayBuffer {
  const address = libc.mmap(0, size, PROT_READ_WRITE, MAP_SHARED, device, offset)
  if (address === -1) throw systemError(libc, "the mapping of the board's memory")
  return libc.view(address, size)
}

function command(what: number, argument = 0): void {
  writeSync(device, new Uint8Array(new Uint32Array([what, argument]).buffer))
}

// One write a line: the kernel's log takes each as a record.
function say(text: string): void {
  process.stdout.write(`board: ${harmless(text)}\n`)
}

const [, , file = '', poweredOff] = process.argv
const description = parseBoard(readFileSync(file, 'utf8'), file)
const { offsets } = layoutOf(description)
const regions = description.memory.map(({ size }, i) => ({
  buffer: map(offsets[i] ?? 0, size),
  offset: 0,
}))
const mailbox = new ArrayBuffer(4 * MAILBOX_WORDS)
const board = new EmulatedBoard(description, { memory: { wasm: undefined, regions, mailbox } })

const decoder = new TextDecoder()
const lines = new LineBuffer()

const processor = new InThreadProcessor(board, false, {
  kicked: (notifyId) => command(COMMAND_INTERRUPT, notifyId),
  crashed: (reason) => {
    say(`crashed: ${reason}`)
    command(COMMAND_CRASHED)
  },
  exited: () => {
    // The kernel does not see it: a remote that is silent looks to it like one that has nothing to say.
    say('the remote has powered itself off')
    if (poweredOff !== undefined) writeFileSync(poweredOff, '')
  },
  idle: () => {},
  progressed: () => {},
  shutdownAcknowledged: () => {},
  detachAcknowledged: () => {},
  console: (bytes) => lines.push(decoder.decode(bytes, { stream: true })).forEach(say),
  note: say,
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

say('ready')
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
