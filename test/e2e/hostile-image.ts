import {
  buildResourceTable,
  type EntrySpec,
  fw_rsc_vdev,
  readResourceTable,
} from '../../dist/firmware/index.js'
import { legacyLayout } from '../../dist/index.js'
import * as rv from '../cores/assembler.js'
import { smallImage, TABLE } from './images.js'

const { Program, reg } = rv

const ENTRIES = 16
const ALIGN = 16
const VRINGS = [0x1800_0000, 0x1800_1000] as const
const BUFFER_SIZE = 512
export const BUFFERS = 0x1800_4000

const entries: readonly EntrySpec[] = [
  { kind: 'carveout', name: 'vdev0buffer', da: BUFFERS, len: 2 * ENTRIES * BUFFER_SIZE },
  {
    kind: 'vdev',
    dfeatures: 1,
    vrings: VRINGS.map((da, notifyid) => ({ da, num: ENTRIES, align: ALIGN, notifyid })),
  },
]
const table = buildResourceTable(entries)
const vdev = TABLE + (readResourceTable(table, 'table').vdevs[0]?.offset ?? 0)
const STATUS = vdev + fw_rsc_vdev.status
const layout = legacyLayout(ENTRIES, ALIGN)
const MAILBOX_SET = 0x1100_0018
/** Mailbox channel 1, which carries notify id 0, in the sender's half of the register. */
const KICK_0 = 1 << 16

/** A word that the remote writes, and where. */
export type Store = readonly [address: number, word: number]

/** Where the table lies in memory, as words. */
export const tableWords = Array.from({ length: table.length / 4 }, (_, i) => TABLE + 4 * i)

export const descriptor = (vring: 0 | 1, index: number): number => VRINGS[vring] + 16 * index
export const usedIndex = (vring: 0 | 1, index: number): Store => [
  VRINGS[vring] + layout.used,
  index << 16,
]
export function usedElement(vring: 0 | 1, slot: number, id: number, length: number): Store[] {
  const at = VRINGS[vring] + layout.used + 4 + 8 * slot
  return [
    [at, id],
    [at + 4, length],
  ]
}

/** An RPMsg message in a buffer; `length` is what its header says. */
export function message(
  buffer: number,
  destination: number,
  data: Uint8Array,
  length = data.length,
) {
  const bytes = new Uint8Array(Math.ceil((16 + data.length) / 4) * 4)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 1024, true)
  view.setUint32(4, destination, true)
  view.setUint16(12, length, true)
  bytes.set(data, 16)
  const at = BUFFERS + buffer * BUFFER_SIZE
  return Array.from(
    { length: bytes.length / 4 },
    (_, i): Store => [at + 4 * i, view.getUint32(4 * i, true)],
  )
}

/** An announcement as the name service wants it, in a buffer of the host's. */
export function announcement(buffer: number, name: string): Store[] {
  const data = new Uint8Array(40)
  data.set(Buffer.from(name))
  new DataView(data.buffer).setUint32(32, 1024, true)
  return message(buffer, 53, data)
}

/**
 * Machine code that waits until the host's driver is there, writes words wherever they are to go,
 * kicks vring 0, and then sleeps for ever, or kicks for ever.
 */
export function hostileImage(
  stores: readonly Store[],
  then: 'sleeps' | 'kicks for ever' = 'sleeps',
): Uint8Array {
  const program = new Program()
  program.emit(...rv.li(reg.s0, STATUS)).label('wait')
  program.emit(rv.lbu(reg.t0, reg.s0, 0), rv.typeI(0x13, 7, reg.t0, reg.t0, 4))
  program.branch(0, reg.t0, reg.zero, 'wait')
  for (const [address, word] of stores) {
    program.emit(...rv.li(reg.t0, address), ...rv.li(reg.t1, word), rv.sw(reg.t1, reg.t0, 0))
  }
  program.emit(rv.fence, ...rv.li(reg.t0, MAILBOX_SET), ...rv.li(reg.t1, KICK_0)).label('kick')
  program.emit(rv.sw(reg.t1, reg.t0, 0))
  if (then === 'kicks for ever') program.jump('kick')
  program.label('sleep').emit(rv.wfi).jump('sleep')
  return smallImage([...new Uint32Array(program.bytes().buffer)], table)
}
