// The product checks itself: a test that leaves something open fails, and says which line opened it.
import { expect } from 'vitest';
import { failOnLeaks } from '../src/adapters/vitest.ts';

/** Files that run without, each with its reason. */
const WITHOUT: readonly (readonly [path: string, why: string])[] = [
  ['test/unit/handles/', 'they put the registry in and out themselves'],
  ['test/unit/trace/growth.test.ts', 'it wants a scope collected at once; the registry lets go of a dead timer, and its scope, 128 timers later'],
];

const path = (expect.getState().testPath ?? '').replaceAll('\\', '/');
if (!WITHOUT.some(([part]) => path.includes(part))) await failOnLeaks({ settle: '10s' }); // only a leak takes as long
