import { afterEach, expect, it } from 'vitest';
import { defineFunction } from '../../../src/core/function-def.ts';
import { renderMetrics } from '../../../src/metrics/render.ts';
import { type Metrics, startMetrics } from '../../../src/metrics/start-metrics.ts';

let metrics: Metrics | undefined;
afterEach(() => metrics?.stop());

it('shows what a function promises, and nothing for one that promises nothing', async () => {
  defineFunction('place', 'orders', undefined, { objective: 0.999, latencyMs: 300 });
  defineFunction('find', 'orders', undefined, { objective: 0.99, latencyMs: undefined });
  defineFunction('silent', 'orders');
  metrics = startMetrics({ runtime: false });
  const { body } = await renderMetrics(undefined);
  expect(body.split('\n').filter((line) => line.startsWith('sonde_slo_'))).toEqual([
    'sonde_slo_objective_ratio{function="place",module="orders"} 0.999',
    'sonde_slo_objective_ratio{function="find",module="orders"} 0.99',
    'sonde_slo_latency_seconds{function="place",module="orders"} 0.3',
  ]);
});
