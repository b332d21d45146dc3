import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'sonde-busy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// A thread that is ended inside a native call of SQLite takes the process with it: SIGABRT and no exit code.
it.each([
  ['shutdown', 4],
  ['process.exit', 3],
])("%s while the worker writes: the exit code is the program's", async (how, code) => {
  const program = spawn(process.execPath, ['--no-warnings', new URL('fixtures/busy-end/app.mjs', import.meta.url).pathname, join(folder, how), how], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  program.stderr.on('data', (part) => {
    said += part;
  });
  const [ended, signal] = (await once(program, 'close')) as [number | null, string | null];
  expect([ended, signal]).toEqual([code, null]);
  expect(said).not.toContain('terminate called');
});
