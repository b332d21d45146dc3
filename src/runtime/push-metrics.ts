import { clock, type TimerHandle } from '../core/clock.ts';
import type { MetricSnapshot } from '../core/metric-data.ts';
import { foreignMetrics } from '../metrics/render.ts';
import { snapshotMetrics } from '../metrics/snapshot.ts';

/** What takes the pushes. */
interface Destination {
  metrics(snapshot: MetricSnapshot): void;
  /** Calls `fn` just before the end of the process is waited for; returns what takes it away. */
  beforeDrain(fn: () => void): () => void;
}

/**
 * Pushes every series each `everyMs`, and what the application has in prom-client's registry; the returned function pushes
 * once more and ends it. Where the process just ends, our own series are pushed a last time: prom-client answers later.
 */
export function pushMetrics(pipeline: Destination, everyMs: number): () => Promise<void> {
  let timer: TimerHandle;
  const pushOwn = (): void => pipeline.metrics(snapshotMetrics());
  const push = async (): Promise<void> => {
    const foreign = await foreignMetrics();
    const own = snapshotMetrics();
    pipeline.metrics({ ...own, metrics: [...own.metrics, ...foreign] });
  };
  const again = (): void => {
    void push();
    timer = clock.setTimeout(again, everyMs);
  };
  timer = clock.setTimeout(again, everyMs);
  const forget = pipeline.beforeDrain(pushOwn);
  return async () => {
    clock.clearTimeout(timer);
    forget();
    await push();
  };
}
