import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const DRILL = fileURLToPath(new URL('pipeline-drill/drill.mjs', import.meta.url));

// `npm run drill:pipeline` is longer, and on a busy machine.
it('nothing is lost quietly: bursts, every ending, hostile receivers, a worker that is killed', { timeout: 1_800_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [DRILL, '--rounds', '20', '--load', '0', '--seed', '1']);
  expect(stdout).toMatch(/^PASS, 20 programs .* 0 faults/m);
});
