/** CSR numbers in ascending order, with their names in the specifications. */
export const csrNames: ReadonlyMap<number, string> = new Map([
  [0x001, 'fflags'],
  [0x002, 'frm'],
  [0x003, 'fcsr'],
  [0x180, 'satp'],
  [0x300, 'mstatus'],
  [0x301, 'misa'],
  [0x304, 'mie'],
  [0x305, 'mtvec'],
  [0x306, 'mcounteren'],
  [0x30a, 'menvcfg'],
  [0x310, 'mstatush'],
  [0x31a, 'menvcfgh'],
  [0x320, 'mcountinhibit'],
  ...range(3, 31, (n): Entry => [0x320 + n, `mhpmevent${n}`]),
  [0x340, 'mscratch'],
  [0x341, 'mepc'],
  [0x342, 'mcause'],
  [0x343, 'mtval'],
  [0x344, 'mip'],
  ...range(0, 15, (n): Entry => [0x3a0 + n, `pmpcfg${n}`]),
  ...range(0, 63, (n): Entry => [0x3b0 + n, `pmpaddr${n}`]),
  [0xb00, 'mcycle'],
  [0xb02, 'minstret'],
  ...range(3, 31, (n): Entry => [0xb00 + n, `mhpmcounter${n}`]),
  [0xb80, 'mcycleh'],
  [0xb82, 'minstreth'],
  ...range(3, 31, (n): Entry => [0xb80 + n, `mhpmcounter${n}h`]),
  [0xc00, 'cycle'],
  [0xc01, 'time'],
  [0xc02, 'instret'],
  ...range(3, 31, (n): Entry => [0xc00 + n, `hpmcounter${n}`]),
  [0xc80, 'cycleh'],
  [0xc81, 'timeh'],
  [0xc82, 'instreth'],
  ...range(3, 31, (n): Entry => [0xc80 + n, `hpmcounter${n}h`]),
  [0xf11, 'mvendorid'],
  [0xf12, 'marchid'],
  [0xf13, 'mimpid'],
  [0xf14, 'mhartid'],
  [0xf15, 'mconfigptr'],
])

type Entry = [number, string]

function range(first: number, last: number, entry: (n: number) => Entry): Entry[] {
  return Array.from({ length: last - first + 1 }, (_, i) => entry(first + i))
}
