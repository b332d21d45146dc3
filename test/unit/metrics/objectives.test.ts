import { afterEach, expect, it } from 'vitest';
import { defineFunction } from '../../../src/core/function-def.ts';
import { renderMetrics } from '../../../src/metrics/render.ts';
import { slo } from '../../../src/metrics/route-slo.ts';
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

it('shows what a route promises, the last word of it', async () => {
  slo('POST /orders/:id', { objective: 0.9 });
  slo('POST /orders/:id', { objective: 0.999, latency: '250ms' });
  slo('GET /', { objective: 0.99 });
  metrics = startMetrics({ runtime: false });
  const { body } = await renderMetrics(undefined);
  expect(body.split('\n').filter((line) => line.startsWith('sonde_slo_route_'))).toEqual([
    'sonde_slo_route_objective_ratio{http_request_method="POST",http_route="/orders/:id"} 0.999',
    'sonde_slo_route_objective_ratio{http_request_method="GET",http_route="/"} 0.99',
    'sonde_slo_route_latency_seconds{http_request_method="POST",http_route="/orders/:id"} 0.25',
  ]);
});

it.each([
  ['/orders', { objective: 0.9 }, TypeError, 'Cannot promise for "/orders": expected a method and a route, such as "POST /orders"'],
  ['post /orders', { objective: 0.9 }, TypeError, 'Cannot promise for "post /orders": expected a method and a route, such as "POST /orders"'],
  ['GET /x', { objective: 99.9 }, RangeError, 'Cannot promise for "GET /x": the objective is 99.9, expected a share between 0 and 1 such as 0.999'],
  ['GET /x', undefined, TypeError, 'Cannot promise for "GET /x": expected an objective, such as { objective: 0.999 }'],
  ['GET /x', { objective: 0.9, latency: '5' }, RangeError, /latency of "GET \/x"/],
] as const)('refuses where it is declared: %s %o', (route, options, type, message) => {
  expect(() => slo(route, options as never)).toThrow(type);
  expect(() => slo(route, options as never)).toThrow(message);
});
