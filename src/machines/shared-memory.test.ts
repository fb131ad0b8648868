import { expect, test } from 'vitest'
import { buildElf } from '../firmware/build-elf.js'
import { buildResourceTable } from '../firmware/index.js'
import { Region } from '../memory/region.js'
import { Remoteproc } from '../remoteproc/index.js'
import { emulated } from './emulated/emulated.js'
import { type InProcessRemote, inProcess, inProcessFirmware } from './in-process.js'

const carveout = { kind: 'carveout', name: 'frames', len: 0x1000 } as const
const ring = { num: 16, align: 16 }
const vdev = { kind: 'vdev', dfeatures: 1, vrings: [ring, ring] } as const

/** `lui t0, 0x30000; lui t1, 0x12345; sw t1, 8(t0); wfi; j .-4` */
const code = Uint32Array.of(0x3000_02b7, 0x1234_5337, 0x0062_a423, 0x1050_0073, 0xffdf_f06f)

test('a remote on an emulated board and one that is a function share memory by its name', async () => {
  const frames = new Region({ name: 'frames', da: 0x3000_0000, size: 0x1000 })
  const table = buildResourceTable([carveout, vdev])
  const board = await Remoteproc.init({
    firmware: buildElf({
      entry: 0x8000_0000,
      segments: [
        { vaddr: 0x8000_0000, data: new Uint8Array(code.buffer) },
        { vaddr: 0x8000_1000, data: table },
      ],
      sections: [{ name: '.resource_table', addr: 0x8000_1000, size: table.length }],
    }),
    machine: emulated({ deterministic: true, memory: [frames] }),
  })
  await board.boot()
  await expect(board.whenAnnounced()).rejects.toMatchObject({ code: 'ERR_IDLE' })
  await board.deinit()

  let told = (_: number): void => {}
  const word = new Promise<number>((resolve) => {
    told = resolve
  })
  const main = ({ space }: InProcessRemote): void => {
    const { region, offset } = space.locate('da', 0x3000_0008, 4, 'the word')
    told(region.getU32(offset))
  }
  const other = await Remoteproc.init({
    firmware: inProcessFirmware([carveout, vdev]),
    machine: inProcess(main, { memory: [frames] }),
  })
  expect(other.resourceTable?.carveout('frames')?.da).toBe(0x3000_0000)
  await other.boot()
  expect(await word).toBe(0x1234_5000)
  await other.deinit()
})

test('memory where the board has its own is refused', async () => {
  const wrong = new Region({ name: 'wrong', da: 0x8000_0000, size: 0x1000 })
  await expect(
    Remoteproc.init({ firmware: inProcessFirmware(), machine: emulated({ memory: [wrong] }) }),
  ).rejects.toMatchObject({
    code: 'ERR_MEMORY',
    message: expect.stringContaining('regions ram and wrong overlap'),
  })
})

test('a worker refuses memory that threads cannot share', async () => {
  const alone = new Region({ name: 'alone', da: 0x3000_0000, size: 0x1000 })
  const machine = emulated({ worker: true, memory: [alone] })
  await expect(Remoteproc.init({ firmware: inProcessFirmware(), machine })).rejects.toMatchObject({
    code: 'ERR_USAGE',
    message: 'worker: true needs a SharedArrayBuffer under the memory alone',
  })
})
