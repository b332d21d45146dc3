import { clock, type TimerHandle } from '../core/clock.ts';
import type { MetricSnapshot } from '../core/metric-data.ts';
import { snapshotMetrics } from '../metrics/snapshot.ts';

/** Pushes every series each `everyMs`; the returned function pushes once more and ends it. */
export function pushMetrics(pipeline: { metrics(snapshot: MetricSnapshot): void }, everyMs: number): () => void {
  let timer: TimerHandle;
  const push = (): void => {
    pipeline.metrics(snapshotMetrics());
    timer = clock.setTimeout(push, everyMs);
  };
  timer = clock.setTimeout(push, everyMs);
  return () => {
    clock.clearTimeout(timer);
    pipeline.metrics(snapshotMetrics());
  };
}
