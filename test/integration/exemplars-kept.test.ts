import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { report, start, traced } from 'sonde';
import { afterAll, expect, it } from 'vitest';
import { openReader } from '../../dist/store/query.js';
import { parseOpenMetrics } from '../unit/metrics/openmetrics-parser.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
// One store for all: the buckets keep what they have from one start to the next.
const dir = mkdtempSync(join(tmpdir(), 'sonde-exemplars-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const leaf = traced('leaf', (fails: boolean) => {
  if (fails) throw new Error('leaf');
});
const inner = traced('inner', async (fails: boolean) => {
  await pause(1);
  if (fails) throw new Error('inner');
});
const caught = traced('caught', (n: number) => {
  try {
    leaf(n % 31 === 0);
  } catch (error) {
    if (n % 2 === 0) report(error);
  }
});
const cancelled = traced('cancelled', async () => {
  throw new DOMException('given up', 'AbortError');
});
const root = traced('root', async (n: number) => {
  caught(n);
  leaf(false);
  await inner(n % 29 === 0).catch(() => {});
  if (n % 37 === 0) await cancelled().catch(() => {});
  if (n % 97 === 0) await pause(60);
});

// Scrapes come in the middle of traces whose outcome is not known.
it.each([0, 0.1, 1])('every exemplar of every page names a trace that can be looked up, at a ratio of %d', async (ratio) => {
  const sonde = await start({ service: 'exemplars', dir, admin: { port: 0 }, sampling: { ratio }, logs: { level: 'off' } });
  const named = new Set<string>();
  for (let round = 0; round < 20; round++) {
    const work = Promise.all(Array.from({ length: 50 }, (_, i) => root(1 + round * 50 + i)));
    if (round % 2 === 0) await work;
    const page = await fetch(`http://127.0.0.1:${sonde.adminPort}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
    for (const family of parseOpenMetrics(await page.text()).values())
      for (const { exemplar } of family.samples) if (exemplar) named.add(exemplar.labels.get('trace_id') ?? '');
    await work;
  }
  await sonde.shutdown({ within: '60s' });
  const reader = openReader(dir);
  const lost: string[] = [];
  for (const id of named) if ((await reader.trace(id)) === undefined) lost.push(id);
  await reader.close();
  expect(named.size).toBeGreaterThan(10);
  expect(lost).toEqual([]);
});
