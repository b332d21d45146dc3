import { performance } from 'node:perf_hooks';
import { clock } from '../core/clock.ts';
import type { MetricData, MetricExemplar, MetricPoint, MetricSnapshot } from '../core/metric-data.ts';
import type { CounterCell, GaugeCell, HistogramCell } from './cells.ts';
import { type Exemplar, nextExemplarTurn, traceKept } from './exemplars.ts';
import type { Family } from './family.ts';
import { type AnyFamily, allFamilies, refreshReadings } from './registry.ts';

const PAIR = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Every series of ours at this moment, as plain data: what is pushed to a receiver. */
export function snapshotMetrics(): MetricSnapshot {
  refreshReadings();
  const metrics = allFamilies()
    .filter((family) => family.cells.length > 0)
    .map(dataOf);
  nextExemplarTurn();
  return { startMs: performance.timeOrigin, timeMs: clock.now(), metrics };
}

function dataOf({ shape, cells }: AnyFamily): MetricData {
  const { name, help, type, labelNames, bounds } = shape;
  const points = (cells as Family<CounterCell | GaugeCell | HistogramCell>['cells']).map((cell) => pointOf(cell, labelNames));
  return { name, help, type, bounds: bounds ? [...bounds] : [], points };
}

function pointOf(cell: CounterCell | GaugeCell | HistogramCell, names: readonly string[]): MetricPoint {
  const labels: Record<string, string> = {};
  // An empty label is no label: Prometheus treats the two alike, and so do the pages.
  names.forEach((name, i) => {
    if (cell.values[i]) labels[name] = cell.values[i];
  });
  if ('counts' in cell) return { labels, counts: [...cell.counts], sum: cell.sum, exemplars: cell.exemplars.flatMap(exemplarOf) };
  return { labels, value: cell.value, exemplars: 'exemplar' in cell ? exemplarOf(cell.exemplar) : [] };
}

function exemplarOf(exemplar: Exemplar | undefined): MetricExemplar[] {
  if (exemplar === undefined) return [];
  const { trace_id: traceId, ...labels } = Object.fromEntries([...exemplar.labels.matchAll(PAIR)].map(([, name, value]) => [name, value])) as Record<
    string,
    string
  >;
  if (traceId !== undefined && !traceKept(traceId)) return [];
  return [{ value: exemplar.value, timeMs: exemplar.timestampMs, traceId, labels }];
}
