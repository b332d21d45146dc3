import { warn } from '../core/diag.ts';
import { safeMessage } from '../core/json.ts';
import { defineHistogram } from '../metrics/histogram.ts';
import { defineReading } from '../metrics/registry.ts';
import { useTimers, watchMeters } from '../resilience/meters.ts';

/** Shows the counts and times of the resilience wrappers among the metrics, until the returned function is called. */
export function watchResilience(): () => void {
  const undo: (() => void)[] = [];
  undo.push(
    useTimers(({ name, help, labels }, values) => {
      const cell = unlessTaken(name, () => defineHistogram(name, { help, labels }).cell(values));
      return (seconds) => cell?.observe(seconds);
    }),
    watchMeters(({ read, ...shape }) => {
      const end = unlessTaken(shape.name, () => defineReading(shape, read));
      if (end) undo.push(end);
    }),
  );
  return () => {
    for (const step of undo.splice(0)) step();
  };
}

/** The application may have a metric of that name: it keeps it, and its wrappers work all the same. */
function unlessTaken<T>(name: string, define: () => T): T | undefined {
  try {
    return define();
  } catch (error) {
    warn(`resilience-metric-${name}`, safeMessage(error));
    return undefined;
  }
}
