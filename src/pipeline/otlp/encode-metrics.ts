import type { Attributes } from '../../core/attributes.ts';
import type { MetricData, MetricExemplar, MetricPoint, MetricSnapshot } from '../../core/metric-data.ts';
import { writeAttributes } from './any-value.ts';
import { closeResource, closeScope } from './envelope.ts';
import type { ProtoWriter } from './proto-writer.ts';

/** Points since the start of the process, not since the last push: a push that is lost costs nothing. */
const CUMULATIVE = 2;

// Tags of the field of Metric that holds the points.
const DATA_TAGS = { gauge: 0x2a, counter: 0x3a, histogram: 0x4a } as const;

/** Encodes a snapshot as an ExportMetricsServiceRequest. */
export function encodeMetrics(out: ProtoWriter, snapshot: MetricSnapshot, resource: Attributes): Buffer {
  out.reset();
  for (let i = snapshot.metrics.length - 1; i >= 0; i--) writeMetric(out, snapshot.metrics[i] as MetricData, snapshot);
  closeScope(out, 0, 'sonde', undefined);
  closeResource(out, 0, resource);
  return out.take();
}

/** One Metric with the tag of ScopeMetrics.metrics in front; its fields last to first, as in metrics.proto. */
function writeMetric(out: ProtoWriter, metric: MetricData, times: MetricSnapshot): void {
  const from = out.mark;
  if (metric.type === 'counter') {
    out.byte(1);
    out.byte(0x18); // is_monotonic
  }
  if (metric.type !== 'gauge') {
    out.byte(CUMULATIVE);
    out.byte(0x10);
  }
  for (let i = metric.points.length - 1; i >= 0; i--) {
    const point = metric.points[i] as MetricPoint;
    if (metric.type === 'histogram') writeHistogramPoint(out, metric, point, times);
    else writeNumberPoint(out, metric, point, times);
  }
  out.close(DATA_TAGS[metric.type], from);
  if (metric.help !== '') {
    out.text(metric.help);
    out.byte(0x12);
  }
  out.text(metric.name);
  out.byte(0x0a);
  out.close(0x12, from);
}

function writeNumberPoint(out: ProtoWriter, metric: MetricData, point: MetricPoint, times: MetricSnapshot): void {
  const from = out.mark;
  writeAttributes(out, point.labels, 0x3a);
  writeExemplars(out, point, 0x2a);
  out.double(point.value ?? 0);
  out.byte(0x21);
  writeTimes(out, metric, times);
  out.close(0x0a, from);
}

function writeHistogramPoint(out: ProtoWriter, metric: MetricData, point: MetricPoint, times: MetricSnapshot): void {
  const { counts = [], sum = 0 } = point;
  const from = out.mark;
  writeAttributes(out, point.labels, 0x4a);
  writeExemplars(out, point, 0x42);
  const boundsFrom = out.mark;
  for (let i = metric.bounds.length - 1; i >= 0; i--) out.double(metric.bounds[i] as number);
  out.close(0x3a, boundsFrom);
  const countsFrom = out.mark;
  let count = 0;
  for (let i = counts.length - 1; i >= 0; i--) {
    out.fixed64(counts[i] as number);
    count += counts[i] as number;
  }
  out.close(0x32, countsFrom);
  out.double(sum);
  out.byte(0x29);
  out.fixed64(count);
  out.byte(0x21);
  writeTimes(out, metric, times);
  out.close(0x0a, from);
}

function writeTimes(out: ProtoWriter, metric: MetricData, { startMs, timeMs }: MetricSnapshot): void {
  out.unixNano(timeMs);
  out.byte(0x19);
  if (metric.type === 'gauge') return;
  out.unixNano(startMs);
  out.byte(0x11);
}

function writeExemplars(out: ProtoWriter, point: MetricPoint, tag: number): void {
  for (let i = point.exemplars.length - 1; i >= 0; i--) {
    const { traceId, value, timeMs, labels } = point.exemplars[i] as MetricExemplar;
    const from = out.mark;
    writeAttributes(out, labels, 0x3a);
    if (traceId !== undefined && out.hex(traceId)) out.byte(0x2a);
    out.double(value);
    out.byte(0x19);
    out.unixNano(timeMs);
    out.byte(0x11);
    out.close(tag, from);
  }
}
