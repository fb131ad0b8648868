/** Where the parts of an image lie in its RAM: offsets in bytes. */
export const RAM_SIZE = 0x100_0000
/** Three words: the next record, the next entry, and how many halves the last case had. */
export const STATE = 0x100
/** What a program that shows its RAM itself hands to semihosting. */
export const DUMP = 0x180
export const TABLE = 0x200
export const PROGRAM = 0x1000
export const SCRATCH = 0x1_0000
/** SP of a case, in the middle of the scratch memory: its exception frame lies below. */
export const SP_OFFSET = 0x80
export const FIELD = 0x4_0000
export const FIELD_SIZE = 0x4_0000
export const SLOT = FIELD + FIELD_SIZE / 2
export const SETS = 0x8_0000
export const ENTRIES = 0x10_0000
export const RECORDS = 0x50_0000
