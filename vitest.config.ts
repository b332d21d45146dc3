import { defineConfig } from 'vitest/config';

/** Suites that import `src`: no build is needed. */
const onSource = ['unit', 'contract', 'property'];
/** Suites that import the built package by its own name, start programs, or read the whole repository. */
const onBuild = ['integration', 'process', 'package', 'architecture', 'docs', 'examples'];
/** For a machine ten times slower than a laptop whose cores are busy: a test waits for what it tests and not for a time, and only a hang takes this long. */
const limits = { testTimeout: 900_000, hookTimeout: 900_000 };

export default defineConfig({
  test: {
    projects: [
      ...onSource.map((name) => ({
        extends: true as const,
        test: { name, include: [`test/${name}/**/*.test.ts`], ...limits, setupFiles: ['test/no-leaks.ts'] },
      })),
      ...onBuild.map((name) => ({
        extends: true as const,
        test: { name, include: [`test/${name}/**/*.test.ts`], ...limits },
      })),
    ],
    // dist is loaded by Node itself, as a user's program does, and not through vite's module runner.
    server: { deps: { external: [/\/dist\//] } },
    env: { NO_COLOR: '1' },
    teardownTimeout: 100_000,
    expect: { requireAssertions: true, poll: { timeout: 100_000 } },
  },
});
