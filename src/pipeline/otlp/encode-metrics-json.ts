import type { Attributes } from '../../core/attributes.ts';
import type { MetricData, MetricExemplar, MetricPoint, MetricSnapshot } from '../../core/metric-data.ts';
import { double, type Json, keyValues, toBytes, unixNano } from './encode-json.ts';

const CUMULATIVE = 2;

/** Encodes a snapshot as the JSON of an ExportMetricsServiceRequest. */
export function encodeMetricsJson(snapshot: MetricSnapshot, resource: Attributes): Buffer {
  const metrics = snapshot.metrics.map((metric) => metricJson(metric, snapshot));
  return toBytes({ resourceMetrics: [{ resource: { attributes: keyValues(resource) }, scopeMetrics: [{ scope: { name: 'sonde' }, metrics }] }] });
}

function metricJson({ name, help, type, bounds, points }: MetricData, times: MetricSnapshot): Json {
  const dataPoints = points.map((point) => (type === 'histogram' ? histogramPoint(point, bounds, times) : numberPoint(point, type, times)));
  const head = { name, description: help };
  if (type === 'gauge') return { ...head, gauge: { dataPoints } };
  if (type === 'counter') return { ...head, sum: { dataPoints, aggregationTemporality: CUMULATIVE, isMonotonic: true } };
  return { ...head, histogram: { dataPoints, aggregationTemporality: CUMULATIVE } };
}

function numberPoint(point: MetricPoint, type: 'counter' | 'gauge', { startMs, timeMs }: MetricSnapshot): Json {
  return {
    startTimeUnixNano: type === 'counter' ? unixNano(startMs) : undefined,
    timeUnixNano: unixNano(timeMs),
    asDouble: double(point.value ?? 0),
    exemplars: point.exemplars.map(exemplarJson),
    attributes: keyValues(point.labels),
  };
}

function histogramPoint(point: MetricPoint, bounds: readonly number[], { startMs, timeMs }: MetricSnapshot): Json {
  const counts = point.counts ?? [];
  return {
    startTimeUnixNano: unixNano(startMs),
    timeUnixNano: unixNano(timeMs),
    count: String(counts.reduce((sum, count) => sum + count, 0)),
    sum: double(point.sum ?? 0),
    bucketCounts: counts.map(String),
    explicitBounds: bounds,
    exemplars: point.exemplars.map(exemplarJson),
    attributes: keyValues(point.labels),
  };
}

function exemplarJson({ value, timeMs, traceId, labels }: MetricExemplar): Json {
  return { timeUnixNano: unixNano(timeMs), asDouble: double(value), traceId, filteredAttributes: keyValues(labels) };
}
