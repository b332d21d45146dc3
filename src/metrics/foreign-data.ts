import type { MetricData, MetricPoint } from '../core/metric-data.ts';
import type { PromMetric, PromValue } from './prom-metric.ts';

/** A metric of the application, made with prom-client, in the form that is pushed. OTLP has no summary of ours: its parts are pushed. */
export function foreignData({ name, help, type, values }: PromMetric, defaults: Readonly<Record<string, string>>): MetricData[] {
  const plain = (value: PromValue): MetricPoint => ({ labels: labelsOf(value, defaults), value: value.value, exemplars: [] });
  if (type === 'histogram') return [histogram({ name, help, type, values }, defaults)];
  if (type !== 'summary') return [{ name, help, type: type === 'counter' ? 'counter' : 'gauge', bounds: [], points: values.map(plain) }];
  const part = (suffix: string, kind: 'counter' | 'gauge'): MetricData => {
    const own = values.filter(({ metricName = name }) => metricName === name + suffix);
    return { name: name + suffix, help, type: kind, bounds: [], points: own.map(plain) };
  };
  return [part('', 'gauge'), part('_sum', 'counter'), part('_count', 'counter')].filter(({ points }) => points.length > 0);
}

function histogram({ name, help, values }: PromMetric, defaults: Readonly<Record<string, string>>): MetricData {
  const series = new Map<string, { labels: Record<string, string>; upTo: [bound: number, count: number][]; sum: number }>();
  const bounds = new Set<number>();
  for (const value of values) {
    const { le, ...labels } = labelsOf(value, defaults);
    const key = JSON.stringify(Object.entries(labels).sort());
    const one = series.get(key) ?? { labels, upTo: [], sum: 0 };
    series.set(key, one);
    if (value.metricName === `${name}_sum`) one.sum = value.value;
    if (value.metricName !== `${name}_bucket` || le === undefined) continue;
    const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
    if (bound !== Number.POSITIVE_INFINITY) bounds.add(bound);
    one.upTo.push([bound, value.value]);
  }
  const points = [...series.values()].map(({ labels, upTo, sum }): MetricPoint => {
    let former = 0;
    const counts = upTo
      .sort(([a], [b]) => a - b)
      .map(([, count]) => {
        const own = count - former;
        former = count;
        return own;
      });
    return { labels, counts, sum, exemplars: [] };
  });
  return { name, help, type: 'histogram', bounds: [...bounds].sort((a, b) => a - b), points };
}

function labelsOf({ labels }: PromValue, defaults: Readonly<Record<string, string>>): Record<string, string> {
  const pairs = Object.entries({ ...defaults, ...labels }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(pairs.map(([label, value]) => [label, String(value)]));
}
