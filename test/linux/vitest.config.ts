import { defineConfig } from 'vitest/config'
import base from '../../vitest.config.js'

// Apart from the other tests: they boot a kernel (`node test/linux/run.js`). Named .linux.ts, for
// `npm test` takes every .test.ts. One guest at a time: two would only wait for each other.
export default defineConfig({
  ...base,
  test: {
    include: ['test/linux/*.linux.ts'],
    // Longer than the longest: fifty guests, one after the other.
    testTimeout: 1_800_000,
    fileParallelism: false,
  },
})
