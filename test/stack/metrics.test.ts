import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeOne } from '../../examples/checkout/src/demo/drive.ts';
import { buildExample, type Example, startExample } from '../examples/services.ts';
import { PATHS } from './lib/paths.ts';
import { eventually, PATIENCE_MS } from './lib/process.ts';
import { type Stack, startStack } from './lib/stack.ts';

const dir = mkdtempSync(join(tmpdir(), 'sonde-metrics-'));
let stack: Stack;
let example: Example;

beforeAll(async () => {
  await buildExample();
  stack = await startStack(PATHS);
  example = await startExample({
    OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl,
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
    SONDE_DIR: join(dir, 'sonde'),
    CHECKOUT_DIR: dir,
  });
});
afterAll(async () => {
  await example?.stop();
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function ask(path: string, params: Record<string, string>): Promise<unknown> {
  const response = await fetch(`${stack.prometheusUrl}/api/v1/${path}?${new URLSearchParams(params)}`);
  return ((await response.json()) as { data: unknown }).data;
}

async function vector(query: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> {
  return ((await ask('query', { query })) as { result: { metric: Record<string, string>; value: [number, string] }[] }).result;
}

describe('metrics of the example in Prometheus', () => {
  it('RED of traced functions, under the names of /metrics, with the labels of the resource', async () => {
    for (let i = 0; i < 5; i++) await placeOne(example.app);
    const [series] = await eventually('the calls of place', PATIENCE_MS, async () => {
      const found = await vector('function_calls_total{function="Orders.place",result="ok"}');
      return found.length > 0 ? found : undefined;
    });
    expect(series?.metric).toMatchObject({ service_name: 'checkout', service_version: '1.4.2', result: 'ok' });
    expect(await vector('function_calls_duration_seconds_count{function="Orders.place"}')).toHaveLength(1);
  });

  it('an exemplar names the trace of a call', async () => {
    const traceId = await eventually('an exemplar', PATIENCE_MS, async () => {
      await placeOne(example.app);
      const now = Date.now() / 1_000;
      const found = (await ask('query_exemplars', {
        query: 'function_calls_duration_seconds_bucket{function="Orders.place"}',
        start: String(now - 600),
        end: String(now + 60),
      })) as { exemplars: { labels: Record<string, string> }[] }[];
      return found[0]?.exemplars[0]?.labels.trace_id;
    });
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  it.runIf(PATHS.tempo)('who calls whom, as Tempo writes it: the service map of Grafana', async () => {
    const edge = await eventually('the edge from checkout to payments', PATIENCE_MS, async () => {
      await placeOne(example.app);
      const edges = await vector('traces_service_graph_request_total');
      return edges.find(({ metric }) => metric['client'] === 'checkout' && metric['server'] === 'payments');
    });
    expect(Number(edge.value[1])).toBeGreaterThan(0);
  });
});
