import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const DRILL = fileURLToPath(new URL('errors-drill/drill.mjs', import.meta.url));
const IDS = 300; // a second or two each; `npm run drill:errors` shows 10,000 of each
const LIMIT_MS = 1_800_000; // on a slow machine some twenty starts of a program are minutes; the drill itself sees what hangs

it.each(['plain', 'collector-down', 'worker-broken', 'two-processes', 'clock-back', 'store-corrupted', 'disk-full'])(
  'an ID that was shown can always be found: %s',
  async (variant) => {
    const { stdout } = await promisify(execFile)(process.execPath, [DRILL, '--ids', String(IDS), '--variant', variant]);
    expect(stdout).toMatch(new RegExp(`${variant}: (PASS, \\d+ IDs shown in \\d+ rounds of kill -9, 0 orphans|NOT RUN, .* needs root)`));
  },
  LIMIT_MS,
);

it('a storm of one failure is folded: every ID leads to its own message and the stack, the count is right', async () => {
  const storm = fileURLToPath(new URL('errors-drill/storm.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [storm, '--rate', '3000', '--seconds', '1']);
  expect(stdout).toMatch(/^storm: PASS, 3000 errors .* 0 orphans, 0 without a stack, 1 group of 3000, 0 not saved, 0 lost/m);
});
