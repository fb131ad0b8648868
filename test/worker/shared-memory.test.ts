import { expect, test } from 'vitest'
import { memory } from '../../dist/firmware/index.js'
import { Region, Remoteproc } from '../../dist/index.js'
import { emulated } from '../../dist/machines/index.js'
import { rpmsgVdev, smallImage } from '../e2e/images.js'

/** `lui t0, 0x30000; lui t1, 0x12345; sw t1, 8(t0); wfi; j .-4` */
const code = [0x3000_02b7, 0x1234_5337, 0x0062_a423, 0x1050_0073, 0xffdf_f06f]

test('a remote in a worker writes into memory that the host has given it', async () => {
  const size = 0x1000
  const buffer = new SharedArrayBuffer(size)
  const frames = new Region({ name: 'frames', da: 0x3000_0000, size, buffer })
  const carveout = { kind: 'carveout', name: 'frames', len: size } as const
  await using rproc = await Remoteproc.init({
    firmware: memory(smallImage(code, [carveout, rpmsgVdev])),
    machine: emulated({ worker: true, memory: [frames] }),
  })
  expect(rproc.resourceTable?.carveout('frames')?.da).toBe(0x3000_0000)
  await rproc.boot()
  await expect(rproc.whenAnnounced()).rejects.toMatchObject({ code: 'ERR_IDLE' })
  expect(frames.getU32(8)).toBe(0x1234_5000)
})
