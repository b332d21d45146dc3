import { callAborted } from '../core/call-aborted.ts';
import { MAX_SERIES } from './family.ts';
import { defineHistogram } from './histogram.ts';

/** Measures how long traced calls run on after their signal aborted: it shows which functions cannot be preempted. */
export function measureCancellation(): () => void {
  const latencies = defineHistogram('sonde_cancel_latency_seconds', {
    help: 'Time from the abort of a call to its return',
    labels: ['function', 'module'],
    maxSeries: MAX_SERIES,
  });
  return callAborted.subscribe(({ def, latencyMs }) => latencies.cell({ function: def.name, module: def.module }).observe(latencyMs / 1_000));
}
