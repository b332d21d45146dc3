import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const FIXTURE = join(import.meta.dirname, 'fixtures/open-calls.mjs');
/** Span and trace with their boxed numbers, two bound handlers, the derived promise; up to Node 22 with what its hooks hang on each promise. */
const MOST_BYTES = Number(process.versions.node.split('.')[0]) < 24 ? 580 : 340;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-open-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('a call under way holds little: the collector moves all of it when thousands are', () => {
  const held = JSON.parse(execFileSync(process.execPath, ['--expose-gc', FIXTURE, dir], { encoding: 'utf8' }).split('\n')[0] as string);
  expect(held.traces - held.stores).toBeLessThan(MOST_BYTES);
  expect(held.traces).toBeGreaterThan(held.stores);
});
