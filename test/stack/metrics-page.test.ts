import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { counter, gauge, histogram, report, type Sonde, start, traced } from 'sonde';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PATHS } from './lib/paths.ts';

/** The reference parser of OpenMetrics; the command line says how it got on. */
const PARSE = `
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text
families = list((openmetrics if sys.argv[1] == 'openmetrics' else text)(sys.stdin.read()))
print(sum(1 for family in families for sample in family.samples if sample.exemplar))
`;
const hasPython = spawnSync('python3', ['-c', 'import prometheus_client']).status === 0;
if (!hasPython) console.log('NOT RUN: the parsers of Python need python3 with the package prometheus_client');

const dir = mkdtempSync(join(tmpdir(), 'sonde-page-'));
let sonde: Sonde;
beforeAll(async () => {
  sonde = await start({ service: 'page', dir, admin: { port: 0 }, logs: { level: 'off' } });
  counter('page_orders_total', { help: 'Orders with "quotes", \\ and\nlines', labels: ['plan'] }).inc({ plan: 'a "b" \\ c\nd ü' });
  gauge('page_depth', { help: 'Depth' }).set(Number.POSITIVE_INFINITY);
  const sizes = histogram('page_size_bytes', { help: 'Sizes', buckets: [1, 10] });
  const work = traced('work', (n: number) => {
    sizes.observe(n);
    if (n % 5 === 0) throw new Error('on purpose');
  });
  for (let n = 0; n < 50; n++) {
    try {
      work(n);
    } catch (error) {
      report(error);
    }
  }
  await (await fetch(`http://127.0.0.1:${sonde.adminPort}/healthz`)).text();
});
afterAll(async () => {
  await sonde.shutdown({ within: '60s' });
  rmSync(dir, { recursive: true, force: true });
});

async function page(accept: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${sonde.adminPort}/metrics`, { headers: { accept } })).text();
}

describe('/metrics is accepted by', () => {
  it('promtool, without a word', async () => {
    const { status, stdout, stderr } = spawnSync(PATHS['promtool'] as string, ['check', 'metrics'], { input: await page('text/plain'), encoding: 'utf8' });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });

  it.skipIf(!hasPython).each([
    ['openmetrics', 'application/openmetrics-text; version=1.0.0'],
    ['text', 'text/plain'],
  ])("Python's parser of %s", async (format, accept) => {
    const { status, stdout, stderr } = spawnSync('python3', ['-c', PARSE, format], { input: await page(accept), encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    if (format === 'openmetrics') expect(Number(stdout)).toBeGreaterThan(3); // exemplars
  });
});
