import { defineConfig } from 'vitest/config'

/** The screens in a real browser, on the built program with a real engine: `npm run test:e2e`. */
export default defineConfig({
  test: {
    include: ['tests/e2e/**/*.e2e.ts'],
    pool: 'forks',
    // An engine and a browser fill two cores; side by side they would only wait for each other.
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
})
