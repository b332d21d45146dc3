import { defineHistogram } from '../metrics/histogram.ts';
import { defineReading } from '../metrics/registry.ts';
import { useTimers, watchMeters } from '../resilience/meters.ts';

/** Shows the counts and times of the resilience wrappers among the metrics, until the returned function is called. */
export function watchResilience(): () => void {
  const undo: (() => void)[] = [];
  undo.push(
    useTimers(({ name, help, labels }, values) => {
      const cell = defineHistogram(name, { help, labels }).cell(values);
      return (seconds) => cell.observe(seconds);
    }),
    watchMeters(({ read, ...shape }) => undo.push(defineReading(shape, read))),
  );
  return () => {
    for (const step of undo.splice(0)) step();
  };
}
