import { AddressSpace } from '../../src/memory/address-space.js'
import { Region } from '../../src/memory/region.js'
import { legacyLayout, Vring } from '../../src/virtio/index.js'

const GUARD = 64
const GUARD_BYTE = 0xa5

/** A zeroed ring between guard zones, with its raw bytes for a peer that writes them by hand. */
export function guardedRing(num = 4, align = 64) {
  const layout = legacyLayout(num, align)
  const size = Math.ceil((GUARD + layout.size + GUARD) / 8) * 8
  const region = new Region({ name: 'ram', da: 0x1000, size })
  region.bytes.fill(GUARD_BYTE)
  const ring = Vring.legacy(new AddressSpace([region]), 'da', 0x1000 + GUARD, num, align, 'ring')
  ring.zero()
  const bytes = region.bytes.subarray(GUARD, GUARD + layout.size)
  return {
    ring,
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
    layout,
    /** Whether the bytes around the ring are as they were. */
    guarded: (): boolean =>
      region.bytes.every(
        (byte, i) => (i >= GUARD && i < GUARD + layout.size) || byte === GUARD_BYTE,
      ),
  }
}
