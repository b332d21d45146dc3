import { beforeEach, describe, expect, it } from 'vitest';
import { defineFunction } from '../../../src/core/function-def.ts';
import { diskOf, networkOf } from '../../../src/metrics/process.ts';
import { clearRegistry, defineReading } from '../../../src/metrics/registry.ts';
import { renderMetrics } from '../../../src/metrics/render.ts';
import { startMetrics } from '../../../src/metrics/start-metrics.ts';
import { parseOpenMetrics } from './openmetrics-parser.ts';

beforeEach(clearRegistry);

const values = async (name: string): Promise<Record<string, number>> => {
  const family = parseOpenMetrics((await renderMetrics('application/openmetrics-text')).body).get(name);
  return Object.fromEntries((family?.samples ?? []).map(({ labels, value }) => [[...labels.values()].join(), value]));
};

describe('the metrics of the process', () => {
  it('tell what it uses', async () => {
    const metrics = startMetrics({ overhead: () => ({ appSeconds: 0.5, workerSeconds: 1.5 }) });
    expect((await values('process_start_time_seconds'))['']).toBeCloseTo(Date.now() / 1_000 - process.uptime(), 0);
    expect((await values('process_cpu_seconds'))['']).toBeGreaterThan(0.01);
    expect((await values('process_resident_memory_bytes'))['']).toBeGreaterThan(1e7);
    expect((await values('v8js_heap_size_limit_bytes'))['']).toBeGreaterThan(1e7);
    expect(Object.keys(await values('nodejs_active_resources')).length).toBeGreaterThan(0);
    expect(await values('sonde_overhead_seconds')).toMatchObject({ 'worker,pipeline': 1.5, 'app,pipeline': 0.5, 'app,scrape': expect.any(Number) });
    await metrics.stop();
    expect(await values('process_resident_memory_bytes')).toEqual({ '': expect.any(Number) });
    expect(await values('nodejs_active_resources')).toEqual({});
  });

  it('tell what functions promise', async () => {
    const metrics = startMetrics({ runtime: false });
    defineFunction('promised', 'm', undefined, { objective: 0.999, latencyMs: 250 });
    defineFunction('promised2', 'm', undefined, { objective: 0.9, latencyMs: undefined });
    expect(await values('sonde_slo_objective_ratio')).toEqual({ 'promised,m': 0.999, 'promised2,m': 0.9 });
    expect(await values('sonde_slo_latency_seconds')).toEqual({ 'promised,m': 0.25 });
    await metrics.stop();
  });

  it('reads the files of Linux', () => {
    expect(diskOf('rchar: 1\nwchar: 2\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 7\n')).toEqual({ in: 4096, out: 8192 });
    expect(diskOf('nothing')).toEqual({ in: 0, out: 0 });
    const dev =
      'Inter-|   Receive\n face |bytes    packets\n    lo: 100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0\n  eth0: 5 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n eth1:6 1 0 0 0 0 0 0 8 1 0 0 0 0 0 0\n';
    expect(networkOf(dev)).toEqual({ in: 11, out: 15 });
  });

  it('a gauge that is read anew forgets what is gone; a counter does not', async () => {
    let names = ['a', 'b'];
    defineReading({ type: 'gauge', name: 'now_there', help: 'G', labels: ['name'] }, () => names.map((name) => ({ labels: { name }, value: 1 })));
    defineReading({ type: 'counter', name: 'ever_there_total', help: 'C', labels: ['name'] }, () => names.map((name) => ({ labels: { name }, value: 1 })));
    expect(await values('now_there')).toEqual({ a: 1, b: 1 });
    names = ['b', 'c'];
    expect(await values('now_there')).toEqual({ b: 1, c: 1 });
    expect(await values('ever_there')).toEqual({ a: 1, b: 1, c: 1 });
  });
});
