import { VirtualClock } from '../../src/base/clock.js'
import { AddressSpace } from '../../src/memory/address-space.js'
import { Region } from '../../src/memory/region.js'
import {
  MmioTransport,
  type MmioVersion,
  type VirtioDevice,
  VirtioMmioDevice,
} from '../../src/virtio/index.js'

/** Where the memory lies that driver and device share. */
export const MMIO_PA = 0x8000_0000
/** Rings lie below, buffers above. */
export const BUFFERS = 0x1_0000

/**
 * A device behind virtio-mmio registers and the driver's transport on them, over one memory.
 * `settle` does what a machine does between two stretches of the driver's.
 */
export function mmio(device: VirtioDevice, version: MmioVersion) {
  const region = new Region({ name: 'ram', da: MMIO_PA, size: 0x5_0000 })
  const space = new AddressSpace([region])
  const clock = new VirtualClock()
  const faults: { error: Error; driverIsTold: boolean }[] = []
  let due = false
  const registers = new VirtioMmioDevice({
    device,
    name: 'slot 0',
    version,
    space,
    clock,
    interruptChanged: () => {},
    attention: () => {
      due = true
    },
    onFault: (error, driverIsTold) => faults.push({ error, driverIsTold }),
  })
  const settle = (): void => {
    while (due) {
      due = false
      registers.serve()
    }
  }
  const connect = (): MmioTransport =>
    new MmioTransport({ registers, space, memory: { region, offset: 0, size: BUFFERS } })
  return { region, space, clock, faults, registers, settle, connect, bytes: region.bytes }
}
