import { readElfImage } from './elf.js'
import { elfMagic } from './elf-defs.js'
import type { FirmwareFormat } from './format.js'

/** ELF32 and ELF64, little endian (`elf_ops` in OpenAMP's elf_loader.c). */
export const elfFormat: FirmwareFormat = {
  name: 'an ELF file',
  sign: '7f 45 4c 46 at offset 0x0',
  probe: (head) => elfMagic.every((byte, i) => head[i] === byte),
  read: readElfImage,
}
