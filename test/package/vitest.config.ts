import { defineConfig } from 'vitest/config'

// Apart from the other tests: they pack the package, install it, and start a browser.
export default defineConfig({
  test: { include: ['test/package/*.test.ts'], testTimeout: 180_000, hookTimeout: 180_000 },
})
