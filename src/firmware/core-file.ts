import {
  EI_CLASS,
  EI_DATA,
  EI_VERSION,
  ELFCLASS32,
  ELFCLASS64,
  ELFDATA2LSB,
  EM_RISCV,
  ET_CORE,
  EV_CURRENT,
  elf32,
  elf64,
  elfMagic,
  PF_R,
  PF_W,
  PF_X,
  PT_LOAD,
  PT_NOTE,
} from './elf-defs.js'

/** What a core file says of a remote, apart from the bytes of its memory. */
export interface CoreFileSpec {
  readonly bits: 32 | 64
  /** e_machine. */
  readonly machine: number
  readonly entry: number
  /** One PT_LOAD segment each; their bytes follow the header in this order. */
  readonly segments: readonly { readonly address: number; readonly size: number }[]
  /** Of the core; left out where they are not known, or gdb has no layout for them here. */
  readonly registers?: { readonly pc: number; readonly general: readonly number[] } | undefined
  /** The POSIX signal that says what happened: 4 SIGILL, 11 SIGSEGV, 6 SIGABRT, … */
  readonly signal: number
}

const NT_PRSTATUS = 1

/**
 * struct elf_prstatus as the system of the core's architecture would write it: gdb finds registers
 * by these offsets (bfd/elfnn-riscv.c, riscv_elf_grok_prstatus). pr_reg is pc, then x1 to x31.
 */
const prstatus = {
  32: { size: 204, pr_cursig: 12, pr_pid: 24, pr_reg: 72, word: 4 },
  64: { size: 376, pr_cursig: 12, pr_pid: 32, pr_reg: 112, word: 8 },
} as const

/**
 * The header of an ELF core file: everything before the bytes of the first segment. Segments as
 * Linux's remoteproc_coredump.c writes them (addresses are device addresses); before them, where
 * registers are given, a PT_NOTE with them, which Linux does not write.
 */
export function coreFileHeader(spec: CoreFileSpec): Uint8Array {
  const { bits, segments } = spec
  const { ehdr, phdr } = bits === 64 ? elf64 : elf32
  const note = registersNote(spec)
  const count = segments.length + (note === undefined ? 0 : 1)
  const noteAt = ehdr.size + count * phdr.size
  const bytes = new Uint8Array(noteAt + (note?.length ?? 0))
  const view = new DataView(bytes.buffer)
  const wide = (at: number, value: number): void => {
    if (bits === 64) view.setBigUint64(at, BigInt(value), true)
    else view.setUint32(at, value, true)
  }

  bytes.set(elfMagic)
  bytes[EI_CLASS] = bits === 64 ? ELFCLASS64 : ELFCLASS32
  bytes[EI_DATA] = ELFDATA2LSB
  bytes[EI_VERSION] = EV_CURRENT
  view.setUint16(ehdr.e_type, ET_CORE, true)
  view.setUint16(ehdr.e_machine, spec.machine, true)
  view.setUint32(ehdr.e_version, EV_CURRENT, true)
  wide(ehdr.e_entry, spec.entry)
  wide(ehdr.e_phoff, ehdr.size)
  view.setUint16(ehdr.e_ehsize, ehdr.size, true)
  view.setUint16(ehdr.e_phentsize, phdr.size, true)
  view.setUint16(ehdr.e_phnum, count, true)

  let at = ehdr.size
  let offset = bytes.length
  if (note !== undefined) {
    view.setUint32(at + phdr.p_type, PT_NOTE, true)
    wide(at + phdr.p_offset, noteAt)
    wide(at + phdr.p_filesz, note.length)
    bytes.set(note, noteAt)
    at += phdr.size
  }
  for (const { address, size } of segments) {
    view.setUint32(at + phdr.p_type, PT_LOAD, true)
    view.setUint32(at + phdr.p_flags, PF_R | PF_W | PF_X, true)
    wide(at + phdr.p_offset, offset)
    wide(at + phdr.p_vaddr, address)
    wide(at + phdr.p_paddr, address)
    wide(at + phdr.p_filesz, size)
    wide(at + phdr.p_memsz, size)
    at += phdr.size
    offset += size
  }
  return bytes
}

function registersNote({ bits, machine, registers, signal }: CoreFileSpec): Uint8Array | undefined {
  if (registers === undefined || machine !== EM_RISCV) return undefined
  const { size, pr_cursig, pr_pid, pr_reg, word } = prstatus[bits]
  const name = 'CORE\0\0\0\0'
  const descriptor = 12 + name.length
  const bytes = new Uint8Array(descriptor + size)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 'CORE\0'.length, true)
  view.setUint32(4, size, true)
  view.setUint32(8, NT_PRSTATUS, true)
  bytes.set(new TextEncoder().encode(name), 12)
  view.setUint16(descriptor + pr_cursig, signal, true)
  // A thread needs a number that is not 0.
  view.setUint32(descriptor + pr_pid, 1, true)
  const values = [registers.pc, ...registers.general.slice(1, 32)]
  values.forEach((value, i) => {
    const at = descriptor + pr_reg + i * word
    if (bits === 64) view.setBigUint64(at, BigInt(value), true)
    else view.setUint32(at, value, true)
  })
  return bytes
}
