import type { BlockType } from '../block.js'

/** Registers of which nothing is known but what the description's overrides say. */
export const registersType: BlockType = {
  about: 'registers that keep what is written to them, but for the overrides',
  make: ({ unmodelled }) => ({
    device: {
      load: (offset, size) => unmodelled.load(offset, size),
      store: (offset, size, value) => {
        unmodelled.store(offset, value, size)
        return true
      },
      reset: () => unmodelled.reset(),
    },
  }),
}
