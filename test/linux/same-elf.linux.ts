import { describe, expect, test, vi } from 'vitest'
import {
  fw_rsc_carveout,
  fw_rsc_vdev,
  fw_rsc_vdev_vring,
  readResourceTable,
} from '../../dist/firmware/index.js'
import { type Machine, Remoteproc, TableVdev, Vring } from '../../dist/index.js'
import { emulated } from '../../dist/machines/index.js'
import { file } from '../../dist/node.js'
import { board, boot, images, linux, program } from './guest-run.js'

/** Images with an RPMsg device in their resource table. */
const names = [
  'echo',
  'matrix-multiply',
  'multi-endpoint',
  'crash',
  'silent',
  'ticker',
  'watched',
  'ping-pong',
  'rpc',
] as const

/** What a host did on the way to the first kick, and what the remote then found. */
interface Boot {
  readonly steps: readonly string[]
  /** The table in the remote's memory when the remote was let go, and at the first kick. */
  readonly atStart: Uint8Array
  readonly atKick: Uint8Array
  /** avail.idx of the two rings at the first kick. */
  readonly avail: readonly number[]
}

const status = (bits: number): string => `status ${bits}`

/** Records what our own host does with an image: each write of status and features, each zeroed ring. */
async function byOurHost(image: string): Promise<Boot> {
  const steps: string[] = []
  const tables: Uint8Array[] = []
  const record = (step: string): void => {
    const { resourceTable, processor } = rproc
    steps.push(step)
    const { da = 0, bytes } = resourceTable ?? { bytes: new Uint8Array(0) }
    const { region, offset } = processor.space.locate('da', da, bytes.length, 'table')
    tables.push(region.bytes.slice(offset, offset + bytes.length))
  }
  const recorded = ['status', 'driverFeatures'] as const
  const setters = recorded.map((name) => {
    const set = Object.getOwnPropertyDescriptor(TableVdev.prototype, name)?.set
    return vi.spyOn(TableVdev.prototype, name, 'set').mockImplementation(function (
      this: TableVdev,
      value: number,
    ) {
      set?.call(this, value)
      record(name === 'status' ? status(value) : 'features')
    })
  })
  const { zero } = Vring.prototype
  const zeroed = vi.spyOn(Vring.prototype, 'zero').mockImplementation(function (this: Vring) {
    zero.call(this)
    record(this.name.replace(' of vdev 0', ''))
  })
  const rproc = await Remoteproc.init({
    firmware: file(`${images}${image}.elf`),
    machine: recording(emulated({ deterministic: true }), record),
  })
  await rproc.boot()
  const avail = rproc.rpmsg.length === 0 ? [] : ringsOf(rproc)
  await rproc.deinit()
  for (const spy of [...setters, zeroed]) spy.mockRestore()
  return bootOf(steps, tables, avail)
}

function bootOf(
  steps: readonly string[],
  tables: readonly Uint8Array[],
  avail: readonly number[],
): Boot {
  const table = (step: string): Uint8Array => tables[steps.indexOf(step)] ?? new Uint8Array(0)
  return { steps, atStart: table('start'), atKick: table('kick 0'), avail }
}

/** A machine that tells when the processor is started and kicked. */
function recording(machine: Machine, record: (step: string) => void): Machine {
  return {
    ...machine,
    open: async (listener) => {
      const processor = await machine.open(listener)
      const { start, kick } = processor
      processor.start = (entry) => {
        record('start')
        start.call(processor, entry)
      }
      processor.kick = (id) => {
        record(`kick ${id}`)
        kick.call(processor, id)
      }
      return processor
    },
  }
}

/** avail.idx of both rings, as `diagnose` reads them from memory. */
function ringsOf(rproc: Remoteproc): readonly number[] {
  const lines = rproc.diagnose()
  const number = (pattern: RegExp): number =>
    Number(lines.map((line) => pattern.exec(line)?.[1]).find((found) => found !== undefined))
  return [number(/(\d+) buffers offered to the remote/), number(/(\d+) messages sent, \d+ taken/)]
}

/** struct board_record of modules/openamp_board.c. */
function recordsOf(
  base64: string,
): readonly { what: string; avail: number[]; table: Uint8Array }[] {
  const bytes = Buffer.from(base64, 'base64')
  const SIZE = 16 + 4 + 8 + 4 + 256
  return Array.from({ length: bytes.length / SIZE }, (_, i) => {
    const at = bytes.subarray(i * SIZE, (i + 1) * SIZE)
    const what = at.toString('latin1', 0, 16).replace(/\0.*$/, '')
    const length = at.readUInt32LE(28)
    return {
      what: what === 'kick' ? `kick ${at.readUInt32LE(16)}` : what,
      avail: [at.readUInt16LE(20), at.readUInt16LE(22)],
      table: Uint8Array.from(at.subarray(32, 32 + length)),
    }
  })
}

/** What the kernel's own debug messages (remoteproc_virtio.c) call the steps. */
const kernelSteps: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
  [/: reset !/, () => status(0)],
  [/: status: (\d+)/, ([, bits]) => status(Number(bits))],
  [/: (vring\d): va/, ([, ring = '']) => ring.replace('vring', 'vring ')],
  [/: kicking vq index: (\d+)/, ([, id]) => `kick ${id}`],
  [/remoteproc0: Booting fw image/, () => 'start'],
]

function byKernel(said: unknown): Boot {
  if (typeof said !== 'object' || said === null || !('asked' in said) || !('lines' in said)) {
    throw new Error(`the guest said ${JSON.stringify(said)}`)
  }
  const steps = (Array.isArray(said.lines) ? said.lines : []).flatMap((line) =>
    kernelSteps.flatMap(([pattern, step]) => {
      const match = pattern.exec(String(line))
      return match === null ? [] : [step(match)]
    }),
  )
  const records = recordsOf(String(said.asked))
  const asked = records.map(({ what }) => what)
  const { atStart, atKick } = bootOf(
    asked,
    records.map(({ table }) => table),
    [],
  )
  // The module is asked to load, to find the table's place in the loaded image, and to start, in turn.
  expect(asked.slice(0, 5)).toEqual(['parse_fw', 'load', 'find_table', 'start', 'kick 0'])
  return { steps, atStart, atKick, avail: records[asked.indexOf('kick 0')]?.avail ?? [] }
}

/** The table with zeros where each host has put its own addresses. */
function withoutAddresses(bytes: Uint8Array): Uint8Array {
  const table = readResourceTable(bytes, 'table')
  const masked = bytes.slice()
  const mask = (at: number): unknown => masked.fill(0, at, at + 4)
  for (const { offset } of table.carveouts) {
    mask(offset + fw_rsc_carveout.da)
    mask(offset + fw_rsc_carveout.pa)
  }
  for (const { vrings } of table.vdevs) {
    for (const { offset } of vrings) {
      mask(offset + fw_rsc_vdev_vring.da)
      mask(offset + fw_rsc_vdev_vring.pa)
    }
  }
  return masked
}

function statusIn(table: Uint8Array): number | undefined {
  const [vdev] = readResourceTable(table, 'table').vdevs
  return vdev === undefined ? undefined : table[vdev.offset + fw_rsc_vdev.status]
}

/** Up to the first kick; later ones are about messages. */
const untilKick = (steps: readonly string[]): readonly string[] =>
  steps.slice(0, steps.indexOf('kick 0') + 1)

describe.skipIf(linux === undefined)('the same image, booted by our host and by the kernel', () => {
  const guest = boot({
    commands: [...board, program('remoteproc', 'record', names.join())],
    parameters: [
      `firmware_class.path=${images}`,
      '"dyndbg=file drivers/remoteproc/remoteproc_virtio.c +p"',
    ],
  })

  test.each(names)('%s: the same order, and the same table', async (image) => {
    const ours = await byOurHost(image)
    const kernels = byKernel((await guest).said[image])

    const order = ['start', status(0), status(1), status(3)]
    const rings = ['vring 0', 'vring 1', status(7), 'kick 0']
    expect(untilKick(ours.steps)).toEqual([...order, 'features', ...rings])
    // Of the features the kernel says nothing; that they are set is seen at the kick.
    expect(untilKick(kernels.steps)).toEqual([...order, ...rings])

    expect(statusIn(ours.atStart)).toBe(0)
    expect(withoutAddresses(ours.atStart)).toEqual(withoutAddresses(kernels.atStart))
    expect(statusIn(ours.atKick)).toBe(7)
    expect(withoutAddresses(ours.atKick)).toEqual(withoutAddresses(kernels.atKick))
    expect(ours.avail).toEqual(kernels.avail)
  })
})
