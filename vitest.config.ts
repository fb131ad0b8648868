import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    // The package's own imports, from the sources instead of from what was built.
    alias: {
      '#next-task': source('./src/machines/emulated/next-task-node.ts'),
      '#remote-thread': source('./src/machines/thread/spawn-node.ts'),
      '#worker': source('./src/machines/emulated/spawn-node.ts'),
    },
  },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 60_000,
    // What was built is run as it is, its own imports and worker files included.
    server: { deps: { external: [/\/dist\//] } },
  },
})
