/**
 * The parts of the ELF format that loading needs. Field names, values and offsets are those of the
 * System V ABI, chapter 4 (object files) and 5 (program loading).
 */

export const EI_CLASS = 4
export const EI_DATA = 5
export const EI_VERSION = 6
export const EI_NIDENT = 16

export const elfMagic = [0x7f, 0x45, 0x4c, 0x46] as const

export const ELFCLASS32 = 1
export const ELFCLASS64 = 2
export const ELFDATA2LSB = 1
export const ELFDATA2MSB = 2
export const EV_CURRENT = 1

export const ET_NONE = 0
export const ET_REL = 1
export const ET_EXEC = 2
export const ET_DYN = 3
export const ET_CORE = 4

/** In e_phnum: the real count stands in section header 0. */
export const PN_XNUM = 0xffff
/** In e_shstrndx: the real index stands in section header 0. */
export const SHN_XINDEX = 0xffff
export const SHN_LORESERVE = 0xff00

export const PT_LOAD = 1
export const PT_INTERP = 3
export const PT_NOTE = 4

export const PF_X = 1
export const PF_W = 2
export const PF_R = 4

export const SHT_NULL = 0
export const SHT_PROGBITS = 1
export const SHT_SYMTAB = 2
export const SHT_STRTAB = 3
export const SHT_NOBITS = 8
export const SHT_DYNSYM = 11

export const SHF_WRITE = 1
export const SHF_ALLOC = 2
export const SHF_EXECINSTR = 4
export const SHF_COMPRESSED = 0x800

export const STB_LOCAL = 0
export const STT_NOTYPE = 0
export const STT_OBJECT = 1
export const STT_FUNC = 2

/** No machine: fits any core. */
export const EM_NONE = 0
export const EM_ARM = 40
export const EM_AARCH64 = 183
export const EM_RISCV = 243

const machineNames: Readonly<Record<number, string>> = {
  0: 'any machine',
  2: 'SPARC',
  3: 'x86',
  4: 'Motorola 68000',
  8: 'MIPS',
  20: 'PowerPC',
  21: 'PowerPC64',
  40: 'Arm',
  42: 'SuperH',
  62: 'x86-64',
  83: 'AVR',
  92: 'OpenRISC',
  93: 'ARC',
  94: 'Xtensa',
  106: 'Blackfin',
  113: 'Nios II',
  140: 'TI C6000',
  141: 'TI C2000',
  144: 'TI PRU',
  164: 'Hexagon',
  183: 'AArch64',
  189: 'MicroBlaze',
  195: 'ARC V2',
  243: 'RISC-V',
  247: 'BPF',
  252: 'C-SKY',
  258: 'LoongArch',
}

/** The usual name of an e_machine value; numbers without one are given as such. */
export function machineName(machine: number): string {
  return machineNames[machine] ?? `machine ${machine}`
}

const typeNames = ['no type', 'relocatable object', 'executable', 'shared object', 'core dump']

/** What an e_type value means. */
export function typeName(type: number): string {
  return typeNames[type] ?? `type ${type}`
}

const segmentTypeNames: Readonly<Record<number, string>> = {
  0: 'NULL',
  1: 'LOAD',
  2: 'DYNAMIC',
  3: 'INTERP',
  4: 'NOTE',
  6: 'PHDR',
  7: 'TLS',
  1685382481: 'GNU_STACK',
  1685382482: 'GNU_RELRO',
  1685382480: 'GNU_EH_FRAME',
  1685382483: 'GNU_PROPERTY',
}

const PT_LOPROC = 0x7000_0000

/** The name of a p_type value without its PT_, some of which depend on the machine. */
export function segmentTypeName(type: number, machine: number): string {
  if (machine === EM_RISCV && type === PT_LOPROC + 3) return 'RISCV_ATTR'
  if (machine === EM_ARM && type === PT_LOPROC + 1) return 'ARM_EXIDX'
  return segmentTypeNames[type] ?? `0x${type.toString(16)}`
}

const sectionTypeNames = [
  'NULL',
  'PROGBITS',
  'SYMTAB',
  'STRTAB',
  'RELA',
  'HASH',
  'DYNAMIC',
  'NOTE',
  'NOBITS',
  'REL',
  'SHLIB',
  'DYNSYM',
  '0xc',
  '0xd',
  'INIT_ARRAY',
  'FINI_ARRAY',
  'PREINIT_ARRAY',
  'GROUP',
]

/** The name of an sh_type value without its SHT_. */
export function sectionTypeName(type: number): string {
  return sectionTypeNames[type] ?? `0x${type.toString(16)}`
}

/** Offsets of the fields of the four structures in one ELF class; `size` is the structure's size. */
export interface ElfLayout {
  readonly ehdr: Readonly<
    Record<
      | 'e_type'
      | 'e_machine'
      | 'e_version'
      | 'e_entry'
      | 'e_phoff'
      | 'e_shoff'
      | 'e_flags'
      | 'e_ehsize'
      | 'e_phentsize'
      | 'e_phnum'
      | 'e_shentsize'
      | 'e_shnum'
      | 'e_shstrndx'
      | 'size',
      number
    >
  >
  readonly phdr: Readonly<
    Record<
      | 'p_type'
      | 'p_flags'
      | 'p_offset'
      | 'p_vaddr'
      | 'p_paddr'
      | 'p_filesz'
      | 'p_memsz'
      | 'p_align'
      | 'size',
      number
    >
  >
  readonly shdr: Readonly<
    Record<
      | 'sh_name'
      | 'sh_type'
      | 'sh_flags'
      | 'sh_addr'
      | 'sh_offset'
      | 'sh_size'
      | 'sh_link'
      | 'sh_info'
      | 'sh_addralign'
      | 'sh_entsize'
      | 'size',
      number
    >
  >
  readonly sym: Readonly<
    Record<
      'st_name' | 'st_value' | 'st_size' | 'st_info' | 'st_other' | 'st_shndx' | 'size',
      number
    >
  >
}

export const elf32: ElfLayout = {
  ehdr: {
    e_type: 16,
    e_machine: 18,
    e_version: 20,
    e_entry: 24,
    e_phoff: 28,
    e_shoff: 32,
    e_flags: 36,
    e_ehsize: 40,
    e_phentsize: 42,
    e_phnum: 44,
    e_shentsize: 46,
    e_shnum: 48,
    e_shstrndx: 50,
    size: 52,
  },
  phdr: {
    p_type: 0,
    p_offset: 4,
    p_vaddr: 8,
    p_paddr: 12,
    p_filesz: 16,
    p_memsz: 20,
    p_flags: 24,
    p_align: 28,
    size: 32,
  },
  shdr: {
    sh_name: 0,
    sh_type: 4,
    sh_flags: 8,
    sh_addr: 12,
    sh_offset: 16,
    sh_size: 20,
    sh_link: 24,
    sh_info: 28,
    sh_addralign: 32,
    sh_entsize: 36,
    size: 40,
  },
  sym: { st_name: 0, st_value: 4, st_size: 8, st_info: 12, st_other: 13, st_shndx: 14, size: 16 },
}

export const elf64: ElfLayout = {
  ehdr: {
    e_type: 16,
    e_machine: 18,
    e_version: 20,
    e_entry: 24,
    e_phoff: 32,
    e_shoff: 40,
    e_flags: 48,
    e_ehsize: 52,
    e_phentsize: 54,
    e_phnum: 56,
    e_shentsize: 58,
    e_shnum: 60,
    e_shstrndx: 62,
    size: 64,
  },
  phdr: {
    p_type: 0,
    p_flags: 4,
    p_offset: 8,
    p_vaddr: 16,
    p_paddr: 24,
    p_filesz: 32,
    p_memsz: 40,
    p_align: 48,
    size: 56,
  },
  shdr: {
    sh_name: 0,
    sh_type: 4,
    sh_flags: 8,
    sh_addr: 16,
    sh_offset: 24,
    sh_size: 32,
    sh_link: 40,
    sh_info: 44,
    sh_addralign: 48,
    sh_entsize: 56,
    size: 64,
  },
  sym: { st_name: 0, st_info: 4, st_other: 5, st_shndx: 6, st_value: 8, st_size: 16, size: 24 },
}
