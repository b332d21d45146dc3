import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import client from 'prom-client';
import { counter, logger, report, type Sonde, start, traced } from 'sonde';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ParsedFamily, parseOpenMetrics } from '../unit/metrics/openmetrics-parser.ts';

let dir: string;
let sonde: Sonde;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-metrics-'));
  sonde = await start({ service: 'metrics', dir, admin: { port: 0 }, sampling: { ratio: 0 }, logs: { format: 'json', level: 'off' } });
});
afterAll(async () => {
  await sonde.shutdown({ within: '60s' });
  rmSync(dir, { recursive: true, force: true });
});

async function page(accept: string): Promise<{ type: string | null; text: string }> {
  const answer = await fetch(`http://127.0.0.1:${sonde.adminPort}/metrics`, { headers: { accept } });
  return { type: answer.headers.get('content-type'), text: await answer.text() };
}
const families = async (): Promise<Map<string, ParsedFamily>> => parseOpenMetrics((await page('application/openmetrics-text')).text);
const exemplarsOf = (family: ParsedFamily | undefined, fn: string): string[] =>
  (family?.samples ?? [])
    .filter(({ labels }) => labels.get('function') === fn)
    .flatMap(({ exemplar }) => (exemplar ? [exemplar.labels.get('trace_id') ?? ''] : []));

describe('/metrics of a running process', () => {
  it('is accepted by a strict reader, with every call counted though no trace is sampled', async () => {
    const quiet = traced('quiet', (n: number) => n + 1);
    for (let i = 0; i < 10; i++) quiet(i);
    const found = await families();
    expect(found.get('function_calls')?.samples.find(({ labels }) => labels.get('function') === 'quiet')?.value).toBe(10);
    expect(exemplarsOf(found.get('function_calls_duration_seconds'), 'quiet')).toEqual([]);
  });

  it('names as exemplar a trace that is kept because it failed', async () => {
    const failing = traced('failing', () => {
      throw new Error('on purpose');
    });
    let id = '';
    traced('outer', () => {
      try {
        failing();
      } catch (error) {
        id = report(error).id;
      }
    })();
    const found = await families();
    const [trace] = exemplarsOf(found.get('function_calls_duration_seconds'), 'failing');
    expect(trace).toMatch(/^[0-9a-f]{32}$/);
    const error = found.get('errors')?.samples.find(({ exemplar }) => exemplar?.labels.get('error_id') === id);
    expect(error?.exemplar?.labels.get('trace_id')).toBe(trace);
    expect(exemplarsOf(found.get('function_calls_duration_seconds'), 'outer')).toEqual([trace]);
  });

  it("shows the application's prom-client metrics beside its own, and its own in prom-client's registry", async () => {
    new client.Gauge({ name: 'shop_stock', help: 'Theirs' }).set(3);
    counter('shop_sold_total', { help: 'Ours', labels: ['item'] }).inc({ item: 'tea' }, 2);
    const { type, text } = await page('text/plain');
    expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toContain('\nshop_stock 3\n');
    expect(text).toContain('\nshop_sold_total{item="tea"} 2\n');
    expect(await client.register.metrics()).toContain('shop_sold_total{item="tea"} 2');
  });

  it('counts what was logged, and what the SDK used', async () => {
    logger('counted').error('off');
    const found = await families();
    expect(found.get('sonde_telemetry_records')?.samples.length).toBeGreaterThan(10);
    expect(found.get('sonde_log_output_lines')?.samples.map(({ labels }) => labels.get('outcome'))).toEqual(['written', 'dropped', 'sampled']);
    expect(found.get('sonde_overhead_seconds')?.samples.some(({ labels, value }) => labels.get('part') === 'scrape' && value > 0)).toBe(true);
  });
});
