/** A series of a metric at one moment. */
export interface MetricPoint {
  readonly labels: Readonly<Record<string, string>>;
  /** A counter's or gauge's value. */
  readonly value?: number;
  /** A histogram: `counts` of each bucket alone, one more than the bounds. */
  readonly counts?: readonly number[];
  readonly sum?: number;
  readonly exemplars: readonly MetricExemplar[];
}

/** A measurement that stands for others, with the trace it was made in. */
export interface MetricExemplar {
  readonly value: number;
  readonly timeMs: number;
  readonly traceId: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** A metric with all its series, as it leaves for a receiver. */
export interface MetricData {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Upper bounds of a histogram's buckets. */
  readonly bounds: readonly number[];
  readonly points: readonly MetricPoint[];
}

/** Everything that was measured, at one moment. */
export interface MetricSnapshot {
  /** Since when the counters count, milliseconds since the Unix epoch. */
  readonly startMs: number;
  readonly timeMs: number;
  readonly metrics: readonly MetricData[];
}

/** Series of snapshots: what the ledger counts as records. */
export function countPoints(snapshots: readonly MetricSnapshot[]): number {
  return snapshots.reduce((sum, { metrics }) => sum + metrics.reduce((points, metric) => points + metric.points.length, 0), 0);
}
