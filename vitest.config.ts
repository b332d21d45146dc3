import { defineConfig } from 'vitest/config';

/** Suites that import `src`: no build is needed. */
const onSource = ['unit', 'contract', 'property'];
/** Suites that import the built package by its own name, start programs, or read the whole repository. */
const onBuild = ['integration', 'process', 'package', 'architecture', 'docs', 'examples'];

export default defineConfig({
  test: {
    projects: [
      ...onSource.map((name) => ({
        extends: true as const,
        test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: 15_000, setupFiles: ['test/no-leaks.ts'] },
      })),
      // The limits are for a busy machine with two cores; a test that depends on time uses a manual clock.
      ...onBuild.map((name) => ({
        extends: true as const,
        test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: 120_000, hookTimeout: 240_000 },
      })),
    ],
    // dist is loaded by Node itself, as a user's program does, and not through vite's module runner.
    server: { deps: { external: [/\/dist\//] } },
    env: { NO_COLOR: '1' },
    expect: { requireAssertions: true },
  },
});
