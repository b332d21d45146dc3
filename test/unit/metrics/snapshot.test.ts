import { afterEach, describe, expect, it } from 'vitest';
import { counter } from '../../../src/metrics/counter.ts';
import { gauge } from '../../../src/metrics/gauge.ts';
import { histogram } from '../../../src/metrics/histogram.ts';
import { clearRegistry, defineReading } from '../../../src/metrics/registry.ts';
import { snapshotMetrics } from '../../../src/metrics/snapshot.ts';

afterEach(() => clearRegistry());

describe('a snapshot of the metrics', () => {
  it('has every series as plain data that a thread can be sent', () => {
    counter('orders_total', { help: 'Orders', labels: ['plan', 'note'] }).inc({ plan: 'pro "x"', note: '' }, 2);
    gauge('depth', { help: 'Depth' }).set(-4);
    histogram('size_bytes', { help: 'Sizes', buckets: [1, 10] }).observe(3);
    const { metrics, startMs, timeMs } = structuredClone(snapshotMetrics());
    expect(metrics).toEqual([
      { name: 'orders_total', help: 'Orders', type: 'counter', bounds: [], points: [{ labels: { plan: 'pro "x"' }, value: 2, exemplars: [] }] },
      { name: 'depth', help: 'Depth', type: 'gauge', bounds: [], points: [{ labels: {}, value: -4, exemplars: [] }] },
      { name: 'size_bytes', help: 'Sizes', type: 'histogram', bounds: [1, 10], points: [{ labels: {}, counts: [0, 1, 0], sum: 3, exemplars: [] }] },
    ]);
    expect(timeMs).toBeGreaterThan(startMs);
  });

  it('reads what is only known at the moment', () => {
    let value = 1;
    const stop = defineReading({ type: 'gauge', name: 'temperature', help: 'Now' }, () => [{ value: value++ }]);
    expect(snapshotMetrics().metrics[0]?.points[0]?.value).toBe(1);
    expect(snapshotMetrics().metrics[0]?.points[0]?.value).toBe(2);
    stop();
  });
});
