import { globSync } from './glob.mjs';

/** Suites on `src`, which need no build. */
const SOURCE_SUITES = ['unit', 'contract'];
/** Suites on the built package, on programs and on the repository itself. */
const BUILD_SUITES = ['property', 'integration', 'process', 'package', 'docs', 'examples'];

/** The steps of a plan, in the order in which they run; each is a list of commands, or suites of vitest. */
export function steps(plan) {
  const ok = [
    { name: 'build', commands: [['node', 'scripts/build.mjs']] },
    // Every tsconfig of test/ is a program of its own: legacy decorators need other options than the rest.
    { name: 'types', commands: [['tsc', '-p', 'tsconfig.json'], ...globSync('test', 'tsconfig.json', ['bench']).map((path) => ['tsc', '-p', path])] },
    { name: 'format and lint', commands: [['biome', 'check', '--error-on-warnings', '.']] },
    { name: 'promises', commands: [['oxlint', '--type-aware', '--deny-warnings']] },
    { name: 'flame page', commands: [['node', 'scripts/flame-page.mjs', '--check']] },
    { name: 'unused', commands: [['knip', '--no-progress']] },
    { name: 'layers', suites: ['architecture'] },
    { name: 'unit', suites: SOURCE_SUITES },
  ];
  if (plan === 'ok') return ok;
  const test = [...ok, { name: 'whole', suites: BUILD_SUITES }, { name: 'benchmarks start', commands: [['node', 'test/bench/run.mjs', '--smoke']] }];
  if (plan === 'test') return test;
  // The real servers of the stack come last: where they are not in the cache, Go builds them for a quarter of an hour.
  return plan === 'ci' ? [...test, { name: 'stack', tests: ['node', 'test/stack/run.mjs'] }] : [];
}
