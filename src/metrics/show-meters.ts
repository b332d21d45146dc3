import { warn } from '../core/diag.ts';
import { safeMessage } from '../core/json.ts';
import { useTimers, watchMeters } from '../core/meters.ts';
import { defineHistogram } from './histogram.ts';
import { defineReading } from './registry.ts';

/** Shows the meters of other layers among the metrics, until the returned function is called. */
export function showMeters(): () => void {
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

/** The application may have a metric of that name: it keeps it, and what is metered works all the same. */
function unlessTaken<T>(name: string, define: () => T): T | undefined {
  try {
    return define();
  } catch (error) {
    warn(`metric-${name}`, safeMessage(error));
    return undefined;
  }
}
