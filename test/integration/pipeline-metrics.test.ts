import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import client from 'prom-client';
import { counter, start } from 'sonde';
import { expect, it } from 'vitest';
import { decodeOfficially } from '../unit/pipeline/official-proto.ts';
import { httpReceiver } from './pipeline-rig.ts';

it('metrics are pushed as OTLP where that is asked for, and once more at the end', async () => {
  const pages: Map<string, number>[] = [];
  const receiver = await httpReceiver((request, body, response) => {
    if (request.url === '/v1/metrics') {
      const [scope] = decodeOfficially('metric', body).resourceMetrics[0].scopeMetrics;
      pages.push(
        new Map(
          scope.metrics.map((metric: { name: string; sum?: { dataPoints: { asDouble: number }[] } }) => [metric.name, metric.sum?.dataPoints[0]?.asDouble]),
        ),
      );
    }
    response.end();
  });
  const dir = mkdtempSync(join(tmpdir(), 'sonde-metrics-'));
  const sonde = await start({ service: 'pushes', dir, otlp: { endpoint: receiver.url, compression: 'none', metrics: '50ms' } });
  const placed = counter('orders_placed_total', { help: 'Orders' });
  placed.inc(2);
  const orders = (): (number | undefined)[] => pages.map((page) => page.get('orders_placed_total')).filter((value) => value !== undefined);
  while (orders().length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  placed.inc(5);
  await sonde.shutdown({ within: '60s' });
  await receiver.close();
  expect(orders()[0]).toBe(2);
  expect(Math.max(...(orders() as number[]))).toBe(7); // requests run side by side: the last that came need not be the last that was made
  rmSync(dir, { recursive: true, force: true });
});

it("the application's metrics in prom-client's registry are pushed too", async () => {
  const pages: Map<string, any>[] = [];
  const receiver = await httpReceiver((request, body, response) => {
    if (request.url === '/v1/metrics')
      pages.push(new Map(decodeOfficially('metric', body).resourceMetrics[0].scopeMetrics[0].metrics.map((metric: { name: string }) => [metric.name, metric])));
    response.end();
  });
  const dir = mkdtempSync(join(tmpdir(), 'sonde-metrics-'));
  const sonde = await start({ service: 'pushes', dir, otlp: { endpoint: receiver.url, compression: 'none', metrics: '1h' } });
  client.register.clear();
  client.register.setDefaultLabels({ zone: 'a' });
  new client.Counter({ name: 'app_jobs_total', help: 'Jobs', labelNames: ['queue'] }).inc({ queue: 'mail' }, 3);
  new client.Gauge({ name: 'app_depth', help: 'Depth' }).set(-1);
  const sizes = new client.Histogram({ name: 'app_size_bytes', help: 'Sizes', buckets: [1, 10] });
  for (const size of [0.5, 5, 7, 100]) sizes.observe(size);
  new client.Summary({ name: 'app_wait_seconds', help: 'Waits', percentiles: [0.5] }).observe(2);
  counter('own_total', { help: 'Ours, which prom-client shows too' }).inc();
  await sonde.shutdown({ within: '60s' });
  await receiver.close();
  client.register.clear();
  client.register.setDefaultLabels({});
  rmSync(dir, { recursive: true, force: true });
  const page = pages.at(-1) as Map<string, any>;
  const labels = (point: any): Record<string, string> => Object.fromEntries(point.attributes.map(({ key, value }: any) => [key, value.stringValue]));
  expect(page.get('app_jobs_total').sum).toMatchObject({ isMonotonic: true, dataPoints: [{ asDouble: 3 }] });
  expect(labels(page.get('app_jobs_total').sum.dataPoints[0])).toEqual({ queue: 'mail', zone: 'a' });
  expect(page.get('app_depth').gauge.dataPoints[0].asDouble).toBe(-1);
  expect(page.get('app_size_bytes').histogram.dataPoints).toMatchObject([{ count: '4', sum: 112.5, bucketCounts: ['1', '2', '1'], explicitBounds: [1, 10] }]);
  expect(labels(page.get('app_wait_seconds').gauge.dataPoints[0])).toEqual({ quantile: '0.5', zone: 'a' });
  expect(page.get('app_wait_seconds_sum').sum.dataPoints[0].asDouble).toBe(2);
  expect([...page.keys()].filter((name) => name === 'own_total')).toHaveLength(1);
});
