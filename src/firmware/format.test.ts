import { expect, test } from 'vitest'
import { buildElf } from './build-elf.js'
import { readElf } from './elf.js'
import { type FirmwareFormat, readImage } from './format.js'
import { memory } from './store.js'

const elf = buildElf({ entry: 0x1000, segments: [{ vaddr: 0x1000, data: new Uint8Array(8) }] })

test('the format is told by the first bytes', async () => {
  const image = await readImage(memory(elf, 'small.elf'))
  expect(image).toMatchObject({ format: 'ELF', name: 'small.elf', entry: 0x1000 })
})

test('what is in no known format is refused with what was looked for and found', async () => {
  await expect(readImage(memory(Uint8Array.of(0x23, 0x21), 'script'))).rejects.toMatchObject({
    code: 'ERR_IMAGE',
    message:
      'script: not an ELF file: expected 7f 45 4c 46 at offset 0x0, found 23 21; a raw binary needs a load address (rawBinary, --load-address)',
  })
})

test('a further format asks for what it needs, wherever the image comes from', async () => {
  // An ELF file behind a header of 512 bytes, the last of which says how long it is.
  const boxed: FirmwareFormat = {
    name: 'a box',
    sign: '62 6f 78 at offset 0x0',
    probe: (head) => head[0] === 0x62,
    *read({ name }) {
      const header = yield { offset: 508, size: 4 }
      const content = yield { offset: 512, size: header?.[3] ?? 0 }
      return readElf(content ?? new Uint8Array(), name)
    },
  }
  const box = new Uint8Array(512 + elf.length)
  box[0] = 0x62
  box[511] = elf.length
  box.set(elf, 512)
  expect(await readImage(box, { format: boxed })).toMatchObject({ entry: 0x1000 })
})
