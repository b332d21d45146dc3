import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  await sonde.shutdown({ within: '2s' });
  await receiver.close();
  expect(orders()[0]).toBe(2);
  expect(Math.max(...(orders() as number[]))).toBe(7); // requests run side by side: the last that came need not be the last that was made
  rmSync(dir, { recursive: true, force: true });
});
