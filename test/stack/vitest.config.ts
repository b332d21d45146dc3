import { defineConfig } from 'vitest/config';

// One file at a time: each starts five servers on two cores.
export default defineConfig({
  test: {
    include: ['test/stack/**/*.test.ts'],
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
    fileParallelism: false,
    server: { deps: { external: [/\/dist\//] } },
    expect: { requireAssertions: true },
  },
});
