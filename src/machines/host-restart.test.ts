import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { OpenampError } from '../base/errors.js'
import { Waits } from '../base/waits.js'
import { virtRv32 } from '../boards/catalogue/virt-rv32.js'
import { EmulatedBoard } from '../boards/emulated-board.js'
import { type FirmwareImage, readElf } from '../firmware/index.js'
import { type ProcessorListener, rpmsgLite } from '../remoteproc/index.js'
import { bringUp } from '../remoteproc/links.js'
import { loadSegments } from '../remoteproc/loader.js'
import { prepare } from '../remoteproc/prepare.js'
import { InThreadProcessor } from './emulated/in-thread.js'

const layout = { base: 0x1800_0000, count: 16, align: 0x1000, vringSize: 0x8000 }
const images = {
  echo: { channel: 'rpmsg-openamp-demo-channel', table: undefined },
  'rpmsg-lite': { channel: 'rpmsg-lite-echo', table: rpmsgLite(layout).resourceTable },
} as const

function firmware(name: keyof typeof images): FirmwareImage {
  const path = new URL(`../../firmware/images/${name}.elf`, import.meta.url)
  return readElf(readFileSync(path), `${name}.elf`)
}

describe.each(['echo', 'rpmsg-lite'] as const)('the image %s, which stays up,', (name) => {
  test.each([
    ['resets the device before it goes', true, false],
    ['is gone from one moment to the next', false, false],
    ['resets the device while the firmware waits for a buffer', true, true],
    ['is gone while the firmware waits for a buffer', false, true],
  ])('finds each of a hundred hosts that %s', async (_, ...how) => {
    const [resets, leavesItWaiting] = how
    let poll = (): void => {}
    const fail = (reason: string): never => expect.unreachable(reason)
    const listener: ProcessorListener = {
      kicked: () => poll(),
      shutdownAcknowledged() {},
      detachAcknowledged() {},
      progressed() {},
      idle() {},
      exited: () => waits.rejectAll(() => new Error('it powered itself off')),
      crashed: (reason) => waits.rejectAll(() => new Error(reason)),
      console() {},
      note() {},
    }
    const processor = new InThreadProcessor(new EmulatedBoard(virtRv32), true, listener)
    const waits = new Waits(processor.clock)
    const image = firmware(name)
    const { table, tableAt, vdevs } = prepare(image, processor, images[name].table)
    const [plan] = vdevs
    if (table === undefined || tableAt === undefined || plan === undefined) return fail('no vdev')
    loadSegments(image, processor)
    tableAt.region.bytes.set(table.bytes, tableAt.offset)
    processor.start(image.entry)
    try {
      for (let life = 1; life <= 100; life++) {
        const { vdev, device } = bringUp({
          plan,
          tableAt,
          space: processor.space,
          waits,
          acknowledge: true,
          kick: (notifyId) => processor.kick(notifyId),
          onPeerFault: (error) => fail(error.message),
          onEvent: () => {},
        })
        poll = () => device.poll()
        const channel = await device.channel(images[name].channel, { timeout: 1000 })
        await channel.send(`host ${life}`)
        expect((await channel.receive({ timeout: 1000 })).text()).toBe(`host ${life}`)
        expect(device.announcements).toHaveLength(1)
        if (leavesItWaiting) {
          // Nobody takes the answers, so the firmware waits for a buffer in the midst of its callback.
          poll = () => {}
          for (let i = 0; i < 2 * 32; i++) {
            channel.trySend('unread')
            const pause = waits.add<void>('timer', 'pause')
            processor.clock.after(0.1, 'timer', () => pause.resolve())
            await pause.promise
          }
        }
        device.close(new OpenampError('ERR_STOPPED', 'this host goes'))
        if (resets) vdev.status = 0
      }
    } finally {
      await processor.close()
    }
  })
})
