import { defineConfig } from 'vitest/config'

// Apart from the other tests: they pack the package, install it, and start a browser. Named .e2e.ts,
// for `npm test` takes every .test.ts.
export default defineConfig({
  test: { include: ['test/package/*.e2e.ts'], testTimeout: 180_000, hookTimeout: 180_000 },
})
