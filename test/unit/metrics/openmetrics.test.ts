import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { errorReported } from '../../../src/core/events.ts';
import { defineFunction } from '../../../src/core/function-def.ts';
import type { ErrorRecord } from '../../../src/core/records.ts';
import { ROOT, Scope, type SpanLike } from '../../../src/core/scope.ts';
import { counter } from '../../../src/metrics/counter.ts';
import { gauge } from '../../../src/metrics/gauge.ts';
import { histogram } from '../../../src/metrics/histogram.ts';
import { clearRegistry } from '../../../src/metrics/registry.ts';
import { renderMetrics } from '../../../src/metrics/render.ts';
import { startMetrics } from '../../../src/metrics/start-metrics.ts';
import { parseOpenMetrics } from './openmetrics-parser.ts';

beforeEach(clearRegistry);

const page = async (): Promise<string> => (await renderMetrics('application/openmetrics-text')).body;

describe('the OpenMetrics page', () => {
  it('of everything that we emit is accepted by a strict reader', async () => {
    const metrics = startMetrics();
    const scope = new Scope();
    scope.span = { spanContext: () => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }) } as unknown as SpanLike;
    const fn = defineFunction('strict', 'openmetrics');
    for (const ms of [0, 0.05, 3, 700, 60_000]) fn.cell?.observe(ms, 'ok', undefined, scope);
    errorReported.publish({
      id: '7X2K-9QD4-MB3H-TRVG',
      type: 'Error',
      kind: 'bug',
      severity: 17,
      level: 'error',
      logger: 'errors',
      traceId: 'a'.repeat(32),
      line: '',
      record: {} as ErrorRecord,
      error: undefined,
      boundary: '',
      scope: ROOT,
    });
    const families = parseOpenMetrics(await page());
    const durations = families.get('function_calls_duration_seconds');
    expect(durations?.type).toBe('histogram');
    expect(
      durations?.samples
        .filter(({ exemplar }) => exemplar)
        .map(({ labels, exemplar }) => [labels.get('le'), exemplar?.value, exemplar?.labels.get('trace_id')]),
    ).toEqual([
      ['0.0001', 0, 'a'.repeat(32)],
      ['0.005', 0.003, 'a'.repeat(32)],
      ['0.75', 0.7, 'a'.repeat(32)],
      ['+Inf', 60, 'a'.repeat(32)],
    ]);
    expect(families.get('errors')?.samples[0]?.exemplar?.labels).toEqual(
      new Map([
        ['trace_id', 'a'.repeat(32)],
        ['error_id', '7X2K-9QD4-MB3H-TRVG'],
      ]),
    );
    await metrics.stop();
  });

  it('gives back whatever names, labels, help and values went in', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    const double = fc.double({ noNaN: true, noDefaultInfinity: true });
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.uniqueArray(fc.record({ a: text, b: text }), { selector: ({ a, b }) => JSON.stringify([a, b]), maxLength: 8 }),
        fc.array(double, { minLength: 1, maxLength: 8 }),
        async (help, sets, values) => {
          clearRegistry();
          const g = gauge('g', { help, labels: ['a', 'b'] });
          const h = histogram('h', { help, labels: ['a', 'b'], buckets: [1e-9, 0.5, 3, 1e21] });
          const below = histogram('below', { help, labels: ['a', 'b'], buckets: [-1e300, -1, 1e-9, 0.5, 3, 1e21] });
          const c = counter('c', { help, labels: ['a', 'b'] });
          for (const [i, set] of sets.entries()) {
            const value = values[i % values.length] as number;
            g.set(set, value);
            h.observe(set, value);
            below.observe(set, value);
            c.inc(set, Math.abs(value));
          }
          const families = parseOpenMetrics(await page());
          if (sets.length === 0) return;
          expect(families.get('g')?.help).toBe(help.replaceAll('\r', ''));
          expect(families.get('g')?.samples.map(({ labels }) => [labels.get('a') ?? '', labels.get('b') ?? ''])).toEqual(sets.map(({ a, b }) => [a, b]));
          expect(families.get('g')?.samples.map(({ value }) => value)).toEqual(sets.map((_, i) => (values[i % values.length] as number) + 0 || 0));
          const summed = sets.filter((_, i) => (values[i % values.length] as number) >= 0).length;
          expect(families.get('h')?.samples.filter(({ name }) => name === 'h_count')).toHaveLength(summed);
          expect(families.get('h')?.samples.filter(({ labels }) => labels.get('le') === '+Inf')).toHaveLength(sets.length);
          expect(families.get('below')?.samples.every(({ name }) => name === 'below_bucket')).toBe(true);
          expect(families.get('c')?.samples.every(({ name }) => name === 'c_total')).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('is refused by the reader when it is wrong: the reader can tell', () => {
    const good = '# HELP c C\n# TYPE c counter\nc_total{a="1"} 1\n# EOF\n';
    expect(parseOpenMetrics(good).size).toBe(1);
    for (const bad of [
      good.slice(0, -6),
      good.replace('c_total', 'c'),
      good.replace('"1"', '"1'),
      good.replace('} 1', '} x'),
      good.replace('} 1', '} -1'),
      good.replace('a="1"', 'a="1",a="2"'),
      good.replace('a="1"', 'a="\\x"'),
      `# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n# EOF\n`,
      `# TYPE h histogram\nh_bucket{le="1.0"} 1\nh_bucket{le="+Inf"} 1\nh_sum -1\nh_count 1\n# EOF\n`,
      `# TYPE h histogram\nh_bucket{le="-1.0"} 1\nh_bucket{le="+Inf"} 1\nh_sum 0\nh_count 1\n# EOF\n`,
      `# TYPE h histogram\nh_bucket{le="1.0"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n# EOF\n`,
    ]) {
      expect(() => parseOpenMetrics(bad), bad).toThrow();
    }
  });
});

describe('growth', () => {
  it('is bounded: a hundred thousand functions and label sets end in one series each', async () => {
    const metrics = startMetrics({ runtime: false });
    const c = counter('grow_total', { help: 'G', labels: ['user'] });
    for (let i = 0; i < 100_000; i++) {
      c.inc({ user: `u${i}` });
      defineFunction(`grow${i}`, 'm').cell?.observe(1, 'ok', undefined, ROOT);
    }
    const families = parseOpenMetrics(await page());
    expect(families.get('grow')?.samples).toHaveLength(2_001);
    expect(families.get('grow')?.samples.at(-1)).toMatchObject({ labels: new Map([['user', 'overflow']]), value: 98_000 });
    const counted = families.get('function_calls')?.samples ?? [];
    expect(counted).toHaveLength(2_001);
    expect(counted.reduce((sum, { value }) => sum + value, 0)).toBe(100_000);
    await metrics.stop();
  });
});
