import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricData, MetricSnapshot } from '../../../src/core/metric-data.ts';
import { encodeMetrics } from '../../../src/pipeline/otlp/encode-metrics.ts';
import { encodeMetricsJson } from '../../../src/pipeline/otlp/encode-metrics-json.ts';
import { ProtoWriter } from '../../../src/pipeline/otlp/proto-writer.ts';
import { decodeOfficially } from './official-proto.ts';

const out = new ProtoWriter();
const resource = { 'service.name': 'shop' };
const exemplar = { value: 0.2, timeMs: Date.UTC(2026, 10, 21), traceId: '0af7651916cd43dd8448eb211c80319c', labels: { error_id: '7X2K-9QD4-MB3H-TRVG' } };
const snapshot = (...metrics: MetricData[]): MetricSnapshot => ({ startMs: Date.UTC(2026, 10, 20), timeMs: Date.UTC(2026, 10, 21, 0, 0, 1), metrics });
const metricsOf = (given: MetricSnapshot) => decodeOfficially('metric', encodeMetrics(out, given, resource)).resourceMetrics[0].scopeMetrics[0].metrics;
const metricsOfJson = (given: MetricSnapshot) => JSON.parse(encodeMetricsJson(given, resource).toString('utf8')).resourceMetrics[0].scopeMetrics[0].metrics;

describe('metrics through protobuf', () => {
  it('a counter is a monotonic cumulative sum', () => {
    const counter: MetricData = {
      name: 'orders_total',
      help: 'Orders',
      type: 'counter',
      bounds: [],
      points: [{ labels: { plan: 'pro' }, value: 3, exemplars: [exemplar] }],
    };
    expect(metricsOf(snapshot(counter))).toMatchObject([
      {
        name: 'orders_total',
        description: 'Orders',
        sum: {
          aggregationTemporality: 2,
          isMonotonic: true,
          dataPoints: [
            {
              startTimeUnixNano: '1795132800000000000',
              timeUnixNano: '1795219201000000000',
              asDouble: 3,
              attributes: [{ key: 'plan', value: { stringValue: 'pro' } }],
              exemplars: [
                { asDouble: 0.2, traceId: exemplar.traceId, filteredAttributes: [{ key: 'error_id', value: { stringValue: '7X2K-9QD4-MB3H-TRVG' } }] },
              ],
            },
          ],
        },
      },
    ]);
  });

  it('a gauge has no start, and a histogram the counts of each bucket', () => {
    const gauge: MetricData = { name: 'open', help: '', type: 'gauge', bounds: [], points: [{ labels: {}, value: -1.5, exemplars: [] }] };
    const histogram: MetricData = {
      name: 'seconds',
      help: '',
      type: 'histogram',
      bounds: [0.1, 1],
      points: [{ labels: {}, counts: [2, 0, 2 ** 40], sum: 12.5, exemplars: [] }],
    };
    const [first, second] = metricsOf(snapshot(gauge, histogram));
    expect(first).toMatchObject({ name: 'open', gauge: { dataPoints: [{ asDouble: -1.5 }] } });
    expect(first.gauge.dataPoints[0]).not.toHaveProperty('startTimeUnixNano');
    expect(second).toMatchObject({
      name: 'seconds',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [{ count: '1099511627778', sum: 12.5, bucketCounts: ['2', '0', '1099511627776'], explicitBounds: [0.1, 1] }],
      },
    });
  });

  it('say the same in JSON, whatever was measured', () => {
    const labels = fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 3, noNullPrototype: true });
    const points = fc.array(
      fc.record({
        labels,
        value: fc.double(),
        sum: fc.double(),
        counts: fc.array(
          fc
            .maxSafeInteger()
            .map((n) => Math.abs(n) / 4)
            .map(Math.floor),
          { minLength: 3, maxLength: 3 },
        ),
      }),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('counter' as const, 'gauge' as const, 'histogram' as const), points), { minLength: 1, maxLength: 4 }),
        (kinds) => {
          const given = snapshot(
            ...kinds.map(([type, series], i) => ({
              name: `m${i}`,
              help: 'h',
              type,
              bounds: type === 'histogram' ? [0.5, 2] : [],
              points: series.map((point) => ({ ...point, exemplars: [] })),
            })),
          );
          expect(metricsOf(given).map(seriesOf)).toEqual(metricsOfJson(given).map(seriesOf));
        },
      ),
    );
  });
});

function seriesOf(metric: any): unknown {
  const data = metric.sum ?? metric.gauge ?? metric.histogram;
  return {
    name: metric.name,
    points: data.dataPoints.map((point: any) => ({
      start: point.startTimeUnixNano ?? '0',
      time: point.timeUnixNano,
      value: Number(point.asDouble ?? point.sum ?? 0),
      count: point.count ?? '0',
      counts: point.bucketCounts ?? [],
      labels: Object.fromEntries(
        (point.attributes ?? []).map(({ key, value }: { key: string; value?: { stringValue?: string } }) => [key, value?.stringValue ?? '']),
      ),
    })),
  };
}
