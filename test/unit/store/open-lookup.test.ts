import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openLookup } from '../../../src/store/open-lookup.ts';

const folder = mkdtempSync(join(tmpdir(), 'sonde-look-up-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ID = '7X2K-9QD4-MB3H-TRVG';
const record = {
  timestamp: '2026-11-21T09:52:01.071Z',
  level: 'error',
  severity_number: 17,
  message: 'a',
  'event.name': 'exception',
  'exception.type': 'Error',
  'exception.message': 'a',
  'exception.stacktrace': 'Error: a\n    at load (/app/dist/made.js:1:7)',
  'error.id': ID,
  'error.type': 'Error',
  'sonde.error.kind': 'bug',
};

it('completes a record that only the journal of a killed process has: source-mapped, with its fingerprint', async () => {
  const made = join(folder, 'made.js');
  const map = { version: 3, sources: ['made.ts'], names: [], mappings: 'AAIA' }; // 1:0 is line 5 of the source
  writeFileSync(made, `function load(){}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}\n`);
  for (const name of ['journal', 'store']) mkdirSync(join(folder, name));
  const line = JSON.stringify({ ...record, 'exception.stacktrace': `Error: a\n    at load (${made}:1:7)` });
  writeFileSync(join(folder, 'journal', '1-1.0.ndjson'), `${line}\n`);
  const lookup = openLookup(folder);
  const found = await lookup.error(ID);
  expect(found?.['exception.stacktrace']).toContain('made.ts:5');
  const print = found?.['sonde.error.fingerprint'] as string;
  expect(print).toMatch(/^v1:[0-9a-f]{16}$/);
  expect((await lookup.errors({ fingerprint: print })).items.map((item) => item['error.id'])).toEqual([ID]);
  expect((await lookup.errors({ fingerprint: 'v1:0000000000000000' })).items).toEqual([]);
});
